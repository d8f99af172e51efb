/**
 * Every way in which Proxima can refuse or fail: a code, and the data that a front needs to say it in words (`words/`). A
 * failure is plain data, so that it crosses processes and is kept in the database as it is.
 */
import type { GgufUnsupported } from './gguf/unsupported-gguf.ts';
import type { Unsupported } from './unsupported.ts';

/** Data that goes with each code. */
export interface FailureDetails {
  'file-missing': { readonly path: string };
  'file-empty': { readonly name: string };
  'file-unreadable': { readonly path: string; readonly reason: 'no file' | 'no permission' };
  'format-unknown': { readonly name: string; readonly archive: boolean };
  'format-old': { readonly name: string };
  'document-damaged': { readonly name: string; readonly reason: string };
  'document-encrypted': NoDetail;
  /** By rights management (DRM): no password opens it. `scheme`: whose, where it is known. */
  'document-protected': { readonly scheme: string | null };
  /** An office file behind a password. */
  'document-locked': NoDetail;
  'password-wrong': NoDetail;
  'document-without-text': { readonly scannedPages: number };
  /** Nothing but scans, which would take so many seconds. */
  'recognition-needed': { readonly pages: number; readonly seconds: number };
  /** `seconds` without progress. */
  'document-stalled': { readonly name: string; readonly seconds: number };
  /** By the reader, while its text was taken out. */
  'opening-stopped': NoDetail;
  'document-too-short': { readonly name: string; readonly tokens: number; readonly needed: number };
  'page-range-invalid': { readonly first: number; readonly last: number; readonly pages: number };
  'model-missing': { readonly place: string; readonly lacks: string };
  'model-damaged': { readonly part: string; readonly reason: string };
  'model-data-missing': { readonly file: string };
  'model-unsupported': Unsupported;
  'gguf-damaged': { readonly file: string; readonly reason: string };
  'gguf-unsupported': GgufUnsupported;
  'tokenizer-mismatch': { readonly tokenizer: number; readonly model: number };
  'runtime-missing': { readonly runtime: string; readonly reason: string };
  'device-lost': { readonly reason: string };
  /** Bytes in use when the device refused more. */
  'device-out-of-memory': { readonly bytes: number };
  'context-missing': NoDetail;
  'message-malformed': NoDetail;
  'engine-failed': { readonly reason: string };
  'engine-lost': { readonly reason: string };
  /** Between the screen and the services. */
  'connection-lost': NoDetail;
  'plan-invalid': { readonly reason: string };
  'question-empty': NoDetail;
  'option-invalid': { readonly reason: string };
  'document-too-long': {
    readonly tokens: number;
    readonly pages: number;
    readonly model: string;
    /** Tokens that a document may have. */
    readonly room: number;
    readonly range: PageRange | null;
  };
  /** Document, turns and question together. */
  'conversation-too-long': { readonly tokens: number; readonly room: number };
  'memory-too-small': {
    readonly tokens: number;
    readonly neededBytes: number;
    readonly denseBytes: number;
    readonly availableBytes: number;
    readonly range: PageRange | null;
  };
  'model-too-large': { readonly model: string; readonly neededBytes: number; readonly availableBytes: number };
  'download-denied': { readonly file: string; readonly status: number };
  'download-missing': { readonly file: string; readonly status: number };
  'dtype-missing': { readonly dtype: string; readonly choices: readonly string[] };
  'download-failed': { readonly what: string; readonly reason: string };
  'download-damaged': { readonly file: string };
  'hub-unreachable': { readonly endpoint: string; readonly reason: string };
  'storage-full': { readonly what: string; readonly neededBytes: number | null; readonly freeBytes: number | null };
  'storage-read-only': NoDetail;
  'storage-failed': { readonly what: string; readonly reason: string };
  /** The data folder's version and the newest that this Proxima knows. */
  'storage-newer': { readonly found: number; readonly known: number };
  'entry-missing': { readonly what: 'document' | 'conversation' | 'download' | 'model'; readonly name: string };
  'request-invalid': { readonly reason: string };
  'file-too-large': { readonly limitBytes: number };
  'exploration-busy': NoDetail;
  'conversion-busy': NoDetail;
  /** What an earlier version of Proxima wrote down in its own words. */
  'told-earlier': { readonly message: string; readonly wayOut: string };
  /** A fault of Proxima's own. */
  unexpected: { readonly reason: string };
  cancelled: NoDetail;
}

export interface PageRange {
  readonly first: number;
  readonly last: number;
}

type NoDetail = Readonly<Record<never, never>>;

export type ErrorCode = keyof FailureDetails;

/** A failure as it crosses processes and as it is kept. */
export type Failure = {
  [Code in ErrorCode]: { readonly code: Code; readonly detail: FailureDetails[Code] };
}[ErrorCode];

type DetailOf<Code extends ErrorCode> = FailureDetails[Code] extends NoDetail
  ? NoDetail extends FailureDetails[Code]
    ? []
    : [detail: FailureDetails[Code]]
  : [detail: FailureDetails[Code]];

/** A failure that is thrown. Its message is for logs; what people read is made by `wordsFor`. */
export class ProximaError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly detail: FailureDetails[Code];

  constructor(code: Code, ...[detail]: DetailOf<Code>) {
    super(detail === undefined ? code : `${code} ${JSON.stringify(detail)}`);
    this.name = code === 'cancelled' ? 'AbortError' : 'ProximaError';
    this.code = code;
    this.detail = detail ?? ({} as FailureDetails[Code]);
  }
}

/** The error for a failure that came from elsewhere. */
export function errorOf(failure: Failure): ProximaError {
  return new (ProximaError as new (code: ErrorCode, detail: unknown) => ProximaError)(failure.code, failure.detail);
}

/** What went wrong, as data. Anything that is no `ProximaError` is a fault of Proxima's own: `otherwise` says what kind. */
export function failureOf(cause: unknown, otherwise: 'unexpected' | 'engine-failed' = 'unexpected'): Failure {
  if (cause instanceof ProximaError) return { code: cause.code, detail: cause.detail } as Failure;
  return { code: otherwise, detail: { reason: firstLineOf(cause) } };
}

/** The first line of what was thrown. */
export function firstLineOf(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return (message.split('\n')[0] ?? '').trim().replace(/\.$/, '');
}

/** Throws `cancelled` when the signal has fired; called between units of work. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ProximaError('cancelled');
}
