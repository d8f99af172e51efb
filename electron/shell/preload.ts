/** What the screen is given in Electron: the contract's calls as functions, and events. No transport, no Node. */
import { contextBridge, ipcRenderer, webUtils } from 'electron';
import type { AppEvent } from '../contract.ts';
import { CALL_CHANNEL, EVENT_CHANNEL } from './channels.ts';

/** The contract's calls, put in when this is built: the contract itself, with its schemas, is more than a preload needs. */
declare const CALL_NAMES: readonly string[];

type Listener<What> = (what: What) => void;

const verbs = Object.fromEntries(
  CALL_NAMES.map((name) => [name, (parameters: unknown) => ipcRenderer.invoke(CALL_CHANNEL, name, parameters)]),
);

const bridge = {
  ...verbs,
  onEvent: (listener: Listener<AppEvent>) => void ipcRenderer.on(EVENT_CHANNEL, (_, event) => listener(event)),
  // Main and screen live and die together.
  onConnection: (listener: Listener<boolean>) => listener(true),
  pathOf: (file: File) => webUtils.getPathForFile(file),
};

contextBridge.exposeInMainWorld('proxima', bridge);
