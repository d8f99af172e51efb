/** The desktop app's start: wiring and nothing else. */
import { createReadStream } from 'node:fs';
import { basename, join } from 'node:path';
import { app, BrowserWindow, dialog, ipcMain, screen, session } from 'electron';
import { failureOf } from '../../engine/errors.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { log, startLog } from '../../engine/log/log.ts';
import { sentencesFor } from '../../engine/words/words.ts';
import { type App, createApp } from '../services/app.ts';
import { answerCall } from '../services/calls.ts';
import { handleScheme, registerScheme } from './app-protocol.ts';
import { CALL_CHANNEL, EVENT_CHANNEL } from './channels.ts';
import { startConverter, startDocumentProcess, startExplorer, startHost } from './hosts.ts';
import { secretInKeychain } from './keychain.ts';
import { setMenu } from './menu.ts';
import { countReloads } from './reloads.ts';
import { denyPermissions, guardWindows, isOwnSender, ORIGIN, SAFE_PREFERENCES } from './security.ts';
import { logFaultsOf } from './window-log.ts';
import { keepWindowState, readWindowState } from './window-state.ts';

const ROOT = app.getAppPath();
const MODELS = join(app.isPackaged ? process.resourcesPath : ROOT, 'assets/models');
const DOCUMENTS =
  'pdf docx docm pptx pptm xlsx xlsm odt ods odp rtf epub html htm xhtml eml csv tsv md markdown txt png jpg jpeg tif tiff gif webp'.split(
    ' ',
  );

/** Files that were asked for before the window was there (macOS). */
const asked: string[] = [];
let services: App | undefined;
let window: BrowserWindow | undefined;

registerScheme();
guardWindows();
if (app.requestSingleInstanceLock()) start();
else app.quit();

function start(): void {
  app.on('second-instance', (_, parameters) => {
    window?.show();
    window?.focus();
    addFiles(filesOf(parameters));
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    if (services) addFiles([path]);
    else asked.push(path);
  });
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', () => services?.close());
  void app.whenReady().then(open);
}

async function open(): Promise<void> {
  const dataFolder = app.getPath('userData');
  startLog({ program: 'app', folder: join(dataFolder, 'logs'), dataFolder });
  log.info(`Proxima ${app.getVersion()} starts`);
  try {
    services = createApp({
      dataFolder,
      modelFolder: join(MODELS, 'reader'),
      catalogueFile: join(MODELS, 'catalogue.json'),
      startHost: ({ runtime, threads }, modelFolder, signal) =>
        startHost(runtime, threads ?? undefined, modelFolder, signal),
      readFile: (path, options) => readDocumentFile(path, options, startDocumentProcess),
      startExplorer,
      startConverter,
      secrets: secretInKeychain(join(dataFolder, 'hub-token')),
    });
  } catch (cause) {
    log.error('Proxima can’t start', cause);
    dialog.showErrorBox('Proxima can’t start', sentencesFor(failureOf(cause), 'app'));
    app.quit();
    return;
  }
  denyPermissions(session.defaultSession);
  handleScheme(session.defaultSession, {
    app: services,
    screenFolder: join(ROOT, 'dist/renderer'),
  });
  window = await openWindow(services, dataFolder);
  setMenu(() => void chooseFiles());
  addFiles([...asked, ...filesOf(process.argv)]);
}

async function openWindow(services: App, dataFolder: string): Promise<BrowserWindow> {
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea);
  const { maximized, ...bounds } = readWindowState(dataFolder, screens);
  const opened = new BrowserWindow({
    ...bounds,
    minWidth: 360,
    minHeight: 320,
    show: false,
    webPreferences: { ...SAFE_PREFERENCES, preload: join(import.meta.dirname, 'preload.cjs') },
  });
  keepWindowState(dataFolder, opened);
  ipcMain.handle(CALL_CHANNEL, async ({ sender, senderFrame }, name: unknown, parameters: unknown) => {
    if (!isOwnSender(sender, senderFrame, opened)) throw new Error('not from the app');
    return answerCall(services.handlers, name, parameters);
  });
  const leave = services.onEvent((event) => {
    if (!opened.isDestroyed()) opened.webContents.send(EVENT_CHANNEL, event);
  });
  opened.on('closed', leave);
  opened.once('ready-to-show', () => {
    if (maximized) opened.maximize();
    opened.show();
  });
  // The screen keeps nothing that the services don't have: when its process ends it is loaded again.
  logFaultsOf(opened.webContents, 'window');
  const mayReload = countReloads({ most: 3, window: 60_000 });
  opened.webContents.on('render-process-gone', (_, { reason }) => {
    if (mayReload(performance.now())) opened.reload();
    else void offerToReload(opened, reason);
  });
  await opened.loadURL(`${ORIGIN}/`);
  return opened;
}

/** The screen keeps ending: loading it again without being asked would go on for ever. */
async function offerToReload(opened: BrowserWindow, reason: string): Promise<void> {
  const { response } = await dialog.showMessageBox({
    type: 'error',
    message: 'Proxima’s window keeps failing',
    detail: `Its process ended several times within a minute (${reason}). Documents and conversations are kept.`,
    buttons: ['Load it again', 'Quit'],
    defaultId: 0,
    cancelId: 1,
  });
  if (response === 1) app.quit();
  else if (!opened.isDestroyed()) opened.reload();
}

async function chooseFiles(): Promise<void> {
  const { filePaths } = await dialog.showOpenDialog({
    properties: ['openFile', 'multiSelections'],
    filters: [{ name: 'Documents', extensions: DOCUMENTS }],
  });
  addFiles(filePaths);
}

function filesOf(parameters: readonly string[]): string[] {
  return parameters.slice(1).filter((each) => DOCUMENTS.includes(each.split('.').at(-1)?.toLowerCase() ?? ''));
}

function addFiles(paths: readonly string[]): void {
  for (const path of paths) {
    services?.addFile(basename(path), createReadStream(path)).catch((cause) => {
      dialog.showErrorBox(`${basename(path)} was not added`, sentencesFor(failureOf(cause), 'app'));
    });
  }
}
