/** TIFF 6.0, section 2: a file's pictures, each a page, with their sizes; nothing is decoded here. */
export interface Frame {
  /** Of the picture's directory, in bytes from the file's start. */
  readonly offset: number;
  readonly width: number;
  readonly height: number;
}

const WIDTH = 256;
const LENGTH = 257;
const MOST_FRAMES = 10_000;
const SHORT = 3;

export function isTiff(bytes: Uint8Array): boolean {
  const head = String.fromCharCode(...bytes.subarray(0, 4));
  return head === 'II*\u0000' || head === 'MM\u0000*';
}

export function tiffFrames(bytes: Uint8Array): Frame[] {
  const view = viewOf(bytes);
  const little = isLittle(bytes);
  const frames: Frame[] = [];
  const seen = new Set<number>();
  let offset = view.getUint32(4, little);
  while (frames.length < MOST_FRAMES && offset > 0 && offset + 2 <= view.byteLength && !seen.has(offset)) {
    seen.add(offset);
    const end = offset + 2 + view.getUint16(offset, little) * 12;
    if (end + 4 > view.byteLength) break;
    const entries = entriesOf(view, offset + 2, end, little);
    frames.push({ offset, width: entries.get(WIDTH) ?? 0, height: entries.get(LENGTH) ?? 0 });
    offset = view.getUint32(end, little);
  }
  return frames;
}

/** A directory's entries of twelve bytes: what they are, of which type, how many, and their value. */
function entriesOf(view: DataView, start: number, end: number, little: boolean): Map<number, number> {
  const entries = new Map<number, number>();
  for (let entry = start; entry < end; entry += 12) {
    const short = view.getUint16(entry + 2, little) === SHORT;
    const value = short ? view.getUint16(entry + 8, little) : view.getUint32(entry + 8, little);
    entries.set(view.getUint16(entry, little), value);
  }
  return entries;
}

/** The file as if the frame were its first, which is the one that Tesseract decodes. The bytes are changed in place. */
export function beginWith(bytes: Uint8Array, { offset }: Frame): Uint8Array {
  viewOf(bytes).setUint32(4, offset, isLittle(bytes));
  return bytes;
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function isLittle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x49;
}
