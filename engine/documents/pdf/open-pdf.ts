/** Opens a PDF with pdf.js, in bounds. */
import type { PDFDocumentProxy } from 'pdfjs-dist/legacy/build/pdf.mjs';
import { firstLineOf, ProximaError } from '../../errors.ts';

/** Pixels of a picture that is still decoded: an A2 page at 300 dpi. */
export const MOST_PIXELS = 36_000_000;

export interface OpenPdf {
  readonly pdf: PDFDocumentProxy;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly password?: string | undefined;
  /** Whether pictures are decoded; text needs none. */
  readonly pictures?: boolean;
}

/** Rejects with `document-encrypted`, `document-protected`, `password-wrong` or `document-damaged`. pdf.js takes the bytes away from their owner. */
export async function openPdf(bytes: Uint8Array, options: OpenOptions = {}): Promise<OpenPdf> {
  const copy = bytes.byteLength <= LARGEST_KEPT ? bytes.slice() : undefined;
  try {
    return await open(bytes, options, true);
  } catch (cause) {
    if (!copy || !isAboutForm(cause)) throw openError(cause, options.password);
    return await open(copy, options, false).catch((again) => {
      throw openError(again, options.password);
    });
  }
}

/** Of larger files no copy is kept to open them a second time. */
const LARGEST_KEPT = 64 * 1024 * 1024;

/** pdf.js says of a broken file that it is one; what it stumbles over otherwise is an XFA form, and the rest can be read. */
function isAboutForm(cause: unknown): boolean {
  return cause instanceof Error && !/^(InvalidPDF|Password|Missing|Response|Abort)/.test(cause.name);
}

async function open(bytes: Uint8Array, { password, pictures = false }: OpenOptions, enableXfa: boolean) {
  const { getDocument, VerbosityLevel } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const task = getDocument({
    data: owned(bytes),
    ...(password === undefined ? {} : { password }),
    ...resources(),
    isEvalSupported: false,
    enableXfa,
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    maxImageSize: pictures ? MOST_PIXELS : 0,
    verbosity: VerbosityLevel.ERRORS,
  });
  try {
    const pdf = await task.promise;
    return { pdf, close: () => task.destroy() };
  } catch (cause) {
    await task.destroy();
    throw cause;
  }
}

/** As pdf.js takes it without copying it: no Buffer, and no part of something larger. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
}

/** Files of pdf.js that say what the letters of fonts outside of the PDF are, and decoders of pictures. */
function resources() {
  const folder = (name: string) => new URL(`../../${name}/`, import.meta.resolve('pdfjs-dist/legacy/build/pdf.mjs'));
  const path = (name: string) => decodeURIComponent(folder(name).pathname).replace(/^\/(?=[A-Za-z]:)/, '');
  return {
    cMapUrl: path('cmaps'),
    cMapPacked: true,
    standardFontDataUrl: path('standard_fonts'),
    wasmUrl: path('wasm'),
    iccUrl: path('iccs'),
  };
}

function openError(cause: unknown, password: string | undefined): ProximaError {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'PasswordException' && password === undefined) {
    return new ProximaError('document-encrypted');
  }
  if (name === 'PasswordException') {
    return new ProximaError('password-wrong');
  }
  if (/encryption (method|algorithm)/i.test(firstLineOf(cause))) {
    return new ProximaError('document-protected', { scheme: null });
  }
  return new ProximaError('document-damaged', { name: 'The PDF', reason: firstLineOf(cause) });
}
