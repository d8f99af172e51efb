/** Every way in which Proxima can refuse or fail, by name. */
export type ErrorCode =
  | 'file-missing'
  | 'file-empty'
  | 'file-unreadable'
  | 'format-unknown'
  | 'document-damaged'
  | 'document-encrypted'
  | 'password-wrong'
  | 'document-without-text'
  | 'document-stalled'
  | 'document-too-short'
  | 'page-range-invalid'
  | 'model-missing'
  | 'model-damaged'
  | 'model-data-missing'
  | 'model-unsupported'
  | 'tokenizer-mismatch'
  | 'runtime-missing'
  | 'device-lost'
  | 'device-out-of-memory'
  | 'reading-missing'
  | 'message-malformed'
  | 'engine-failed'
  | 'engine-lost'
  | 'plan-invalid'
  | 'question-empty'
  | 'option-invalid'
  | 'document-too-long'
  | 'memory-too-small'
  | 'download-denied'
  | 'download-missing'
  | 'download-failed'
  | 'download-damaged'
  | 'storage-full'
  | 'storage-read-only'
  | 'storage-failed'
  | 'entry-missing'
  | 'request-invalid'
  | 'cancelled';

/** A failure with one sentence of cause and one of way out; `code` is stable across processes. */
export class ProximaError extends Error {
  readonly code: ErrorCode;
  readonly wayOut: string;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, cause: string, wayOut: string, detail: Record<string, unknown> = {}) {
    super(cause);
    this.name = code === 'cancelled' ? 'AbortError' : 'ProximaError';
    this.code = code;
    this.wayOut = wayOut;
    this.detail = detail;
  }
}

/** Throws `cancelled` when the signal has fired; called between units of work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ProximaError('cancelled', 'The work was cancelled.', 'Start it again when you like.');
}
