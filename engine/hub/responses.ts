/** What a server's refusals mean to someone who downloads a file. */
import { ProximaError } from '../errors.ts';

const MANY_REQUESTS = 429;
const TIMEOUT = 408;
const SERVER_FAULT = 500;

/** Whether it may be over when it is tried again. */
export function isPassing(status: number): boolean {
  return status === MANY_REQUESTS || status === TIMEOUT || status >= SERVER_FAULT;
}

/** Milliseconds that the server asks to wait; undefined where it does not say. */
export function retryAfterOf(response: Response): number | undefined {
  const asked = response.headers.get('retry-after');
  if (asked === null) return undefined;
  const seconds = Number(asked);
  const milliseconds = Number.isNaN(seconds) ? Date.parse(asked) - Date.now() : seconds * 1000;
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

export function refusalOf(status: number, name: string): ProximaError {
  if (status === 401 || status === 403) {
    return new ProximaError('download-denied', { file: name, status });
  }
  if (status === 404 || status === 410) {
    return new ProximaError('download-missing', { file: name, status });
  }
  return new ProximaError('download-failed', { what: name, reason: `the server answered ${status}` });
}
