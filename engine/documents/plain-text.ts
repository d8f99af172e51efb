/** Plain text and Markdown: UTF-8, or UTF-16 by its mark, or Windows-1252 where neither fits. */
import { type Document, paginate } from './document.ts';
import { unwrap } from './text-cleaning.ts';

export function decodeText(bytes: Uint8Array): { text: string; warnings: string[] } {
  const mark =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? 'utf-16le'
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? 'utf-16be'
        : undefined;
  if (mark) return { text: new TextDecoder(mark).decode(bytes), warnings: [] };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes), warnings: [] };
  } catch {
    const warnings = ['The text is not UTF-8; it was read as Windows-1252, and some characters may be wrong.'];
    return { text: new TextDecoder('windows-1252').decode(bytes), warnings };
  }
}

export function readPlainText(bytes: Uint8Array): Document {
  const { text, warnings } = decodeText(bytes);
  return { title: undefined, pages: paginate(unwrap(text)), outline: [], warnings };
}

/** Markdown is read as it is written: its marks carry meaning to a reader, human or model. */
export function readMarkdown(bytes: Uint8Array): Document {
  const { text, warnings } = decodeText(bytes);
  const pages = paginate(unwrap(text));
  const headings = pages.flatMap((page) =>
    [...page.text.matchAll(/^#{1,3} +(.+)$/gm)].map((match) => ({ title: (match[1] ?? '').trim(), page: page.number })),
  );
  return { title: headings[0]?.title, pages, outline: headings, warnings };
}
