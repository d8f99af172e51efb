/** The way to the services: what the preload gives in Electron, a WebSocket in serve mode. */
import type { Bridge, DocumentEntry } from '../../electron/contract.ts';
import { type Exposed, wrapExposed } from './electron.ts';
import { FailedCall } from './failed-call.ts';
import { connectWebSocket } from './web-socket.ts';

declare global {
  interface Window {
    /** Present in Electron. */
    readonly proxima?: Exposed;
  }
}

export const bridge: Bridge = window.proxima ? wrapExposed(window.proxima) : connectWebSocket();

/** Hands a file over; the address is the same in Electron and in serve mode. Rejects with a `FailedCall`. */
export async function addFile(name: string, content: Blob): Promise<DocumentEntry> {
  const response = await fetch(`/documents?${new URLSearchParams({ name })}`, { method: 'POST', body: content });
  const outcome = await response.json();
  if (outcome.failure) throw new FailedCall(outcome.failure);
  return outcome.result;
}

export function fileAddress(document: string): string {
  return `/documents/${document}`;
}
