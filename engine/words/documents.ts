/** Words for what can be wrong with a document, a page range or a question. */
import type { PageRange } from '../errors.ts';
import { count, duration, mebibytes, plural } from './amounts.ts';
import type { Front, WordsOf } from './wording.ts';

type DocumentCode =
  | 'file-missing'
  | 'file-empty'
  | 'file-unreadable'
  | 'file-too-large'
  | 'format-unknown'
  | 'format-old'
  | 'document-locked'
  | 'document-damaged'
  | 'document-encrypted'
  | 'document-protected'
  | 'password-wrong'
  | 'document-without-text'
  | 'recognition-needed'
  | 'document-stalled'
  | 'opening-stopped'
  | 'document-too-short'
  | 'document-too-long'
  | 'conversation-too-long'
  | 'page-range-invalid'
  | 'question-empty'
  | 'memory-too-small';

/** What is read, as a sentence has it. */
export const FORMATS =
  'PDF, Word, PowerPoint, Excel, OpenDocument, RTF, EPUB, HTML, e-mail, CSV, pictures, Markdown and plain text';

export const documentWords: WordsOf<DocumentCode> = {
  'file-missing': ({ path }) => ({ cause: `There is no file ${path}.`, wayOut: 'Check the path.' }),
  'file-empty': ({ name }) => ({ cause: `${name} is empty (0 bytes).`, wayOut: 'Choose another file.' }),
  'file-unreadable': ({ path, reason }) =>
    reason === 'no file'
      ? { cause: `${path} is not a file.`, wayOut: 'Choose the document itself.' }
      : { cause: `${path} can't be opened.`, wayOut: 'Check that you may read it.' },
  'file-too-large': ({ limitBytes }) => ({
    cause: `The file is larger than ${limitBytes < 2 ** 30 ? `${limitBytes / 2 ** 20} MiB` : `${limitBytes / 2 ** 30} GiB`}, the most that is read of its kind.`,
    wayOut: 'Split it first.',
  }),
  'format-unknown': ({ name, archive }) =>
    archive
      ? {
          cause: `${name} is a ZIP archive, not a document that Proxima reads.`,
          wayOut: `Unpack it and choose a file in it: Proxima reads ${FORMATS}.`,
        }
      : {
          cause: `${name} is not a kind of file that Proxima reads.`,
          wayOut: `Choose another file: Proxima reads ${FORMATS}.`,
        },
  'format-old': ({ name }) => ({
    cause: `${name} is of the kind that Office wrote before 2007, which Proxima does not read.`,
    wayOut: 'Open it in its own program or in LibreOffice and save it as .docx, .xlsx or .pptx.',
  }),
  'document-damaged': ({ name, reason }) => ({
    cause: `${name} can't be read: ${reason}.`,
    wayOut: 'Get it again, or open it in its own program and save it anew.',
  }),
  'document-encrypted': (_, front) => ({
    cause: 'The PDF is encrypted.',
    wayOut: front === 'terminal' ? 'Give its password with --password.' : 'Enter its password.',
  }),
  'document-protected': ({ scheme }) => ({
    cause: `The document is protected by ${scheme === null ? '' : `${scheme} `}DRM, which only its own program can open.`,
    wayOut: 'Use a copy without protection.',
  }),
  'document-locked': () => ({
    cause: 'The document is locked with a password that only its own program can take.',
    wayOut: 'Open it there and save it without a password.',
  }),
  'password-wrong': () => ({
    cause: 'The password does not open the PDF.',
    wayOut: 'Check the password and try again.',
  }),
  'document-without-text': ({ scannedPages }) =>
    scannedPages === 0
      ? { cause: 'The document has no text in it.', wayOut: 'Choose another file.' }
      : {
          cause: `The PDF has no text on its ${scannedPages === 1 ? 'page' : plural(scannedPages, 'page')}: nothing could be recognised in its scans or pictures.`,
          wayOut: 'Choose a clearer scan, or run another text recognition (OCR) over it first.',
        },
  'recognition-needed': ({ pages, seconds }, front) => ({
    cause: `${plural(pages, 'page')} of the document ${pages === 1 ? 'is a scan that has' : 'are scans that have'} no text yet.`,
    wayOut:
      front === 'terminal'
        ? `Add --recognise to have their words recognised on this machine, which takes ${duration(seconds)}.`
        : `Have their words recognised, which takes ${duration(seconds)}.`,
  }),
  'document-stalled': ({ name, seconds }) => ({
    cause: `Reading ${name} made no progress for ${seconds} seconds and was stopped.`,
    wayOut: 'The file is probably damaged: save it anew from another program.',
  }),
  'opening-stopped': () => ({ cause: 'Opening the document was stopped.', wayOut: 'Open it again.' }),
  'document-too-short': ({ name, tokens, needed }) => ({
    cause: `${name} has ${count(tokens)} tokens; a plan can't be judged on fewer than ${count(needed)}.`,
    wayOut: 'Choose a longer document.',
  }),
  'document-too-long': ({ tokens, pages, model, room, range }, front) => ({
    cause: `The document has ${count(tokens)} tokens on ${plural(pages, 'page')}; ${model} has room for ${count(room)} beside a question.`,
    wayOut: `To go on, ${partOf(range, front)}choose a model with a longer context${option(front, '--model')}.`,
  }),
  'conversation-too-long': ({ tokens, room }) => ({
    cause: `Document, turns and question take ${count(tokens)} tokens; the model has room for ${count(room)}.`,
    wayOut: 'Start a new conversation, or ask a shorter question.',
  }),
  'memory-too-small': ({ tokens, neededBytes, denseBytes, availableBytes, range }, front) => ({
    cause: `Reading ${count(tokens)} tokens takes ${mebibytes(neededBytes)} and ${mebibytes(availableBytes)} are free (a dense cache would take ${mebibytes(denseBytes)}).`,
    wayOut: `To go on, ${partOf(range, front)}close other programs, or choose a smaller model${option(front, '--model')}.`,
  }),
  'page-range-invalid': ({ first, last, pages }) => ({
    cause: `Pages ${first} to ${last} were asked for; the document has ${pages}.`,
    wayOut: `Give a range within 1 to ${pages}.`,
  }),
  'question-empty': (_, front) => ({
    cause: 'The question is empty.',
    wayOut:
      front === 'terminal'
        ? 'Give one in quotes after the file: npm run ask -- FILE "QUESTION".'
        : 'Ask something about the document.',
  }),
};

function option(front: Front, name: string): string {
  return front === 'terminal' ? ` (${name})` : '';
}

function partOf(range: PageRange | null, front: Front): string {
  if (!range) return '';
  return front === 'terminal'
    ? `read a part with --pages ${range.first}-${range.last}, or `
    : `read only pages ${range.first}–${range.last}, or `;
}
