/** Where the window was, kept in the data folder. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserWindow, Rectangle } from 'electron';
import { z } from 'zod';

const schema = z.object({
  x: z.number().int(),
  y: z.number().int(),
  width: z.number().int().min(360),
  height: z.number().int().min(320),
  maximized: z.boolean(),
});

const FILE = 'window.json';
export const DEFAULT_SIZE = { width: 1280, height: 820, maximized: false };

/** What was kept, if it still lies on one of the screens. */
export function readWindowState(
  folder: string,
  screens: readonly Rectangle[],
): Partial<Rectangle> & typeof DEFAULT_SIZE {
  try {
    const kept = schema.parse(JSON.parse(readFileSync(join(folder, FILE), 'utf8')));
    const visible = screens.some(
      ({ x, y, width, height }) =>
        kept.x >= x && kept.y >= y && kept.x + kept.width <= x + width && kept.y + kept.height <= y + height,
    );
    return visible ? kept : DEFAULT_SIZE;
  } catch {
    return DEFAULT_SIZE; // Missing or damaged: the window begins anew.
  }
}

export function keepWindowState(folder: string, window: BrowserWindow): void {
  const keep = () => {
    const state = { ...window.getNormalBounds(), maximized: window.isMaximized() };
    try {
      writeFileSync(join(folder, FILE), JSON.stringify(state));
    } catch {
      // A folder that can't be written to is told of elsewhere.
    }
  };
  window.on('close', keep);
}
