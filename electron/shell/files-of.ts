/** Documents that a program was started with. */
import { extname, resolve } from 'node:path';

/** Endings of documents, without the dot. */
export const DOCUMENTS =
  'pdf docx docm pptx pptm xlsx xlsm odt ods odp rtf epub html htm xhtml eml csv tsv md markdown txt png jpg jpeg tif tiff gif webp'.split(
    ' ',
  );

/**
 * parameters: as a process gets them, the program first; folder: where it was started, which is not where this one was if it was
 * started a second time.
 */
export function filesOf(parameters: readonly string[], folder: string): string[] {
  const isDocument = (path: string) => DOCUMENTS.includes(extname(path).slice(1).toLowerCase());
  return parameters
    .slice(1)
    .filter(isDocument)
    .map((path) => resolve(folder, path));
}
