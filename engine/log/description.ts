/** What of an error goes into the log: what went wrong and where in the program, and nothing of what was read. */
import { ProximaError } from '../errors.ts';

/** Codes whose data is about the reader's documents and questions. */
const ABOUT_DOCUMENTS = /^(document|file|format|password|page-range|question|conversation|told)/;
/** Between any quotes: parsers quote what they could not read. */
const QUOTED = /"[^"]*"?|'[^']*'?|`[^`]*`?|“[^”]*”?|«[^»]*»?/g;
const LONGEST_MESSAGE = 300;
const MOST_CAUSES = 5;

/**
 * A line that says what, then the stack's frames. `documentWork`: the error may come from inside a document, so that what it says
 * is left out altogether.
 */
export function describe(cause: unknown, documentWork = false): string {
  const lines: string[] = [];
  for (let error = cause, depth = 0; error !== undefined && depth < MOST_CAUSES; depth++) {
    lines.push(`${depth === 0 ? '' : 'caused by '}${headOf(error, documentWork)}`, ...framesOf(error));
    error = error instanceof Error ? error.cause : undefined;
  }
  return lines.join('\n');
}

function headOf(cause: unknown, documentWork: boolean): string {
  if (cause instanceof ProximaError) return `${cause.code}${dataOf(cause, documentWork)}`;
  if (!(cause instanceof Error)) return `thrown: ${typeof cause}`;
  const { code } = cause as { code?: unknown };
  const kind = typeof code === 'string' || typeof code === 'number' ? `${cause.name} (${code})` : cause.name;
  return documentWork ? kind : `${kind}: ${unquoted(cause.message)}`;
}

function dataOf({ code, detail }: ProximaError, documentWork: boolean): string {
  const hidden = documentWork || ABOUT_DOCUMENTS.test(code);
  const said = Object.entries(detail).flatMap(([name, value]) => {
    if (typeof value === 'number' || typeof value === 'boolean') return [`${name} ${value}`];
    return typeof value === 'string' && !hidden ? [`${name} ${unquoted(value)}`] : [];
  });
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

function unquoted(message: string): string {
  const line = message.replace(QUOTED, '…').replace(/\s+/g, ' ').trim();
  return line.length <= LONGEST_MESSAGE ? line : `${line.slice(0, LONGEST_MESSAGE)}…`;
}

/** The message stands before the frames and may have several lines: only lines that are frames are taken. */
function framesOf(cause: unknown): string[] {
  const stack = cause instanceof Error && typeof cause.stack === 'string' ? cause.stack : '';
  const message = cause instanceof Error ? cause.message : '';
  const at = message === '' ? -1 : stack.indexOf(message);
  const after = at < 0 ? stack : stack.slice(at + message.length);
  return after.split('\n').filter((line) => /^\s+at .+(:\d+:\d+\)?|\(<anonymous>\)|native)$/.test(line));
}
