/** The names of the IPC channels between main and the screen. */
export const CALL_CHANNEL = 'proxima:call';
export const EVENT_CHANNEL = 'proxima:event';
export const ENGINE_CHANNEL = 'proxima:engine';
