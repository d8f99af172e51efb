/** Which paths lie inside a folder; asked before anything is read, written or removed on behalf of somebody else. */
import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** The path below the folder; undefined where it leads out of it, or is the folder itself. Links are not followed. */
export function within(folder: string, path: string): string | undefined {
  const full = resolve(join(folder, path));
  return !path.includes('\0') && isInside(resolve(folder), full) ? full : undefined;
}

/** As `within`, where also no link on the way leads out of the folder. */
export function reallyWithin(folder: string, path: string): string | undefined {
  const full = within(folder, path);
  return full !== undefined && isInside(realPath(folder), realPath(full)) ? full : undefined;
}

function isInside(folder: string, path: string): boolean {
  const below = relative(folder, path);
  return below !== '' && below !== '..' && !below.startsWith(`..${sep}`) && !isAbsolute(below);
}

/** Where a path really is; what is not there yet lies in where its folder really is. */
export function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    const target = linkTarget(path);
    if (target !== undefined) return resolve(above, target);
    return above === path ? path : join(realPath(above), relative(above, path));
  }
}

/** Of a link that leads nowhere yet; undefined for anything else. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
