/** DOCX through mammoth; pages are cut by length, because a DOCX file does not know its own. */
import mammoth from 'mammoth';
import { firstLineOf, ProximaError } from '../errors.ts';
import { type Document, paginate } from './document.ts';
import { markupText } from './html.ts';

export async function readDocx(bytes: Uint8Array): Promise<Document> {
  const markup = await convert(bytes);
  const images = (markup.match(/<img\b/g) ?? []).length;
  const warnings = images > 0 ? [`${images} pictures were left out.`] : [];
  return { title: undefined, pages: paginate(markupText(markup)), outline: [], warnings };
}

async function convert(bytes: Uint8Array): Promise<string> {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    // Pictures would be inlined as text; only their number matters.
    const convertImage = mammoth.images.imgElement(async () => ({ src: '' }));
    return (await mammoth.convertToHtml({ buffer }, { convertImage })).value;
  } catch (cause) {
    throw new ProximaError('document-damaged', { name: 'The Word document', reason: firstLineOf(cause) });
  }
}
