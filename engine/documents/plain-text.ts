/** Plain text and Markdown: UTF-8, or UTF-16 by its mark, or Windows-1252 where neither fits. */
import { type Document, documentOf, type Note } from './document.ts';
import { paginate } from './paginate.ts';
import { unwrap } from './unwrap.ts';

const MARKS: readonly (readonly [bytes: readonly number[], encoding: string])[] = [
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];

/** `declared` is the encoding that the file itself names. */
export function decodeText(bytes: Uint8Array, declared?: string): { text: string; notes: Note[] } {
  const mark = MARKS.find(([head]) => head.every((byte, index) => bytes[index] === byte))?.[1];
  for (const encoding of [mark, 'utf-8', declared]) {
    const text = encoding === undefined ? undefined : decodeStrictly(bytes, encoding);
    if (text !== undefined) return { text, notes: [] };
  }
  const notes: Note[] = [{ code: 'encoding-guessed', encoding: 'Windows-1252' }];
  return { text: new TextDecoder('windows-1252').decode(bytes), notes };
}

function decodeStrictly(bytes: Uint8Array, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: !encoding.startsWith('utf-16') }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function readPlainText(bytes: Uint8Array): Document {
  const { text, notes } = decodeText(bytes);
  return documentOf(paginate(unwrap(text)), { notes });
}

/** Markdown is read as it is written: its marks carry meaning to a reader, human or model. */
export function readMarkdown(bytes: Uint8Array): Document {
  const { text, notes } = decodeText(bytes);
  const pages = paginate(unwrap(text));
  const headings = pages.flatMap((page) =>
    [...page.text.matchAll(/^(#{1,3}) +(.+)$/gm)].map((match) => ({
      title: (match[2] ?? '').trim(),
      page: page.number,
      level: (match[1] ?? '').length,
    })),
  );
  return documentOf(pages, { title: headings[0]?.title, outline: headings, notes });
}
