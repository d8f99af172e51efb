/** What every window may not do (Electron's security checklist; point by point in electron/SECURITY.md). */
import { app, type BrowserWindow, dialog, type Session, shell, type WebContents, type WebPreferences } from 'electron';

export const ORIGIN = 'app://proxima';

export const SAFE_PREFERENCES: WebPreferences = {
  contextIsolation: true,
  sandbox: true,
  nodeIntegration: false,
  nodeIntegrationInWorker: false,
  webSecurity: true,
  webviewTag: false,
  navigateOnDragDrop: false,
  spellcheck: false,
};

/** Refuses every permission but writing to the clipboard, which copying an answer needs. */
export function denyPermissions(session: Session): void {
  const allowed = (permission: string) => permission === 'clipboard-sanitized-write';
  session.setPermissionRequestHandler((_, permission, decide) => decide(allowed(permission)));
  session.setPermissionCheckHandler((_, permission) => allowed(permission));
  session.setDevicePermissionHandler(() => false);
}

/** No page but the app's own in any window, and no window but the app's own. */
export function guardWindows(): void {
  app.on('web-contents-created', (_, contents) => {
    contents.on('will-navigate', (event, address) => {
      if (!isOwn(address)) event.preventDefault();
    });
    contents.on('will-redirect', (event) => event.preventDefault());
    contents.on('will-attach-webview', (event) => event.preventDefault());
    contents.setWindowOpenHandler(({ url }) => {
      void openOutside(url);
      return { action: 'deny' };
    });
  });
}

/** Whether a message comes from the app's own page, in the window's main frame. */
export function isOwnSender(sender: WebContents, frame: Electron.WebFrameMain | null, window: BrowserWindow): boolean {
  return sender === window.webContents && frame === sender.mainFrame && isOwn(frame.url);
}

function isOwn(address: string): boolean {
  return address === ORIGIN || address.startsWith(`${ORIGIN}/`);
}

/** The screen has asked already; main asks again, because the screen is not trusted. */
async function openOutside(address: string): Promise<void> {
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:') return;
  const { response } = await dialog.showMessageBox({
    type: 'question',
    message: 'Open this address in the browser?',
    detail: address,
    buttons: ['Cancel', 'Open'],
    defaultId: 0,
    cancelId: 0,
  });
  if (response === 1) await shell.openExternal(address);
}
