/** The hidden engine window's preload: hands main's port on to the page, and nothing else. */
import { ipcRenderer } from 'electron';
import { ENGINE_CHANNEL } from './channels.ts';

ipcRenderer.once(ENGINE_CHANNEL, ({ ports }, start: unknown) => {
  window.postMessage({ channel: ENGINE_CHANNEL, start }, window.location.origin, ports);
});
