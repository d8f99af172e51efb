/** The real app over a real data folder, without an engine: what needs one says that there is none. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type App, type AppParts, createApp } from '../../../electron/services/app.ts';
import { documentOf } from '../../../engine/documents/document.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { ROOT } from '../../integration/command.ts';

export function idleApp(folder: string, parts: Partial<AppParts> = {}): App {
  return createApp({
    dataFolder: join(folder, 'data'),
    modelFolder: join(ROOT, 'assets/models/reader'),
    catalogueFile: join(ROOT, 'assets/models/catalogue.json'),
    startHost: () => Promise.reject(new ProximaError('runtime-missing', { runtime: 'cpu', reason: 'there is none' })),
    readFile: async () => documentOf([{ number: 1, text: 'One page.' }]),
    ...parts,
  });
}

/** A screen to be served, with a secret lying beside it. */
export function smallScreen(folder: string): string {
  const screen = join(folder, 'screen');
  mkdirSync(screen, { recursive: true });
  writeFileSync(join(screen, 'index.html'), '<!doctype html><title>screen</title>');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  return screen;
}
