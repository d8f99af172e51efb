/** EML (RFC 5322) through postal-mime: who wrote what to whom, and the text of the message. */
import type { Address, Email } from 'postal-mime';
import { firstLineOf, ProximaError } from '../../errors.ts';
import { type Document, documentOf } from '../document.ts';
import { paginateMarked } from '../marked-headings.ts';
import { markupText } from '../markup/markup-text.ts';
import { unwrap } from '../unwrap.ts';

export async function readEml(bytes: Uint8Array): Promise<Document> {
  const email = await parse(bytes);
  const body = email.text?.trim() ? unwrap(email.text) : markupText(email.html ?? '');
  const { pages, headings } = paginateMarked([...headLines(email), body].filter(Boolean).join('\n'));
  const names = email.attachments.map(({ filename, mimeType }) => filename || mimeType);
  return documentOf(pages, {
    title: email.subject?.trim() || undefined,
    outline: headings,
    notes: names.length > 0 ? [{ code: 'attachments-left-out', names }] : [],
  });
}

async function parse(bytes: Uint8Array): Promise<Email> {
  try {
    const { default: PostalMime } = await import('postal-mime');
    return await new PostalMime({ maxNestingDepth: 50 }).parse(bytes);
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The message', reason: firstLineOf(cause) });
  }
}

function headLines({ from, to, cc, date, subject }: Email): string[] {
  const lines: readonly (readonly [string, string])[] = [
    ['From', from ? people([from]) : ''],
    ['To', people(to ?? [])],
    ['Copy to', people(cc ?? [])],
    ['Date', date ?? ''],
    ['Subject', subject ?? ''],
  ];
  return lines.filter(([, value]) => value !== '').map(([name, value]) => `${name}: ${value}`);
}

function people(addresses: readonly Address[]): string {
  return addresses
    .map(({ name, address, group }) =>
      group ? `${name}: ${people(group)}` : name && address ? `${name} <${address}>` : (address ?? name),
    )
    .join(', ');
}
