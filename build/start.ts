/**
 * `npm start`: builds the app and opens it in Electron. Where Electron's binary can't be had, or there is no display, it says so in
 * one line and serves the app to a browser instead.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const ROOT = join(import.meta.dirname, '..');
const ELECTRON = join(ROOT, 'node_modules/electron');
const DOWNLOAD_PATIENCE = 300_000;

/** Why Electron can't be used here; undefined where it can. */
async function obstacle(): Promise<string | undefined> {
  const { platform, env } = process;
  if (platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return 'There is no display';
  if (binary()) return undefined;
  process.stderr.write('Getting Electron (once) …\n');
  await promisify(execFile)(process.execPath, [join(ELECTRON, 'install.js')], { timeout: DOWNLOAD_PATIENCE }).catch(
    () => {},
  );
  return binary() ? undefined : 'Electron’s binary can’t be had';
}

function binary(): string | undefined {
  const note = join(ELECTRON, 'path.txt');
  if (!existsSync(note)) return undefined;
  const path = join(ELECTRON, 'dist', readFileSync(note, 'utf8').trim());
  return existsSync(path) ? path : undefined;
}

const why = await obstacle();
await import('./build-renderer.ts');
if (why) {
  process.stdout.write(`${why}: Proxima is served to your browser instead.\n`);
  await import('./serve.ts');
} else {
  await import('./build-electron.ts');
  const child = spawn(binary() as string, [ROOT, ...process.argv.slice(2)], { stdio: 'inherit' });
  child.on('exit', (code) => process.exit(code ?? 1));
}
