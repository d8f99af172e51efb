/** Names of model repositories: the one place that says which are allowed, before they become addresses and folders. */
import { ProximaError } from '../errors.ts';

/**
 * OWNER/NAME in the characters that the hub allows: letters, digits, `-`, `_` and `.`, of 96 at most each, none of `-` and `.` at an
 * end or doubled (huggingface_hub's validate_repo_id). So `--` can stand for the slash in a folder's name.
 */
const PART = /^(?!.*(?:--|\.\.))[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?$/;

export function isRepository(name: string): boolean {
  const parts = name.split('/');
  return parts.length === 2 && parts.every((part) => PART.test(part)) && !name.endsWith('.git');
}

/** Throws `option-invalid`. */
export function requireRepository(name: string): string {
  if (isRepository(name)) return name;
  throw new ProximaError('option-invalid', {
    reason: `"${name.slice(0, 100)}" names no repository: give OWNER/NAME, as its page on the hub does`,
  });
}
