/** Pictures in grey, a byte a pixel, 0 for black, as PGM files have them. */
export interface GreyMap {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Of RGBA pixels; what is transparent is white. */
export function greyOf(colours: Uint8ClampedArray, width: number, height: number): GreyMap {
  const pixels = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < pixels.length; pixel++, at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 0] = [colours[at], colours[at + 1], colours[at + 2], colours[at + 3]];
    const grey = (red * 77 + green * 150 + blue * 29) >> 8;
    pixels[pixel] = 255 - ((255 - grey) * alpha) / 255;
  }
  return { pixels, width, height };
}

export function portableGreyMap({ pixels, width, height }: GreyMap): Uint8Array {
  const head = new TextEncoder().encode(`P5\n${width} ${height}\n255\n`);
  const bytes = new Uint8Array(head.length + pixels.length);
  bytes.set(head);
  bytes.set(pixels, head.length);
  return bytes;
}

const BLACK = 140;
const WHITE = 255;
/** A rule is longer than a letter's stroke and thinner, in pixels at 300 dpi. */
const SHORTEST = 70;
const THICKEST = 9;

/** Wipes the ruled lines of tables and forms: Tesseract takes what they frame for pictures. */
export function wipeRules(map: GreyMap): void {
  const { width, height, pixels } = map;
  wipe(pixels, height, width, width, 1);
  wipe(pixels, width, height, 1, width);
}

/** Along lines that are `step` apart in their pixels and `across` from one another. */
function wipe(pixels: Uint8Array, lines: number, length: number, across: number, step: number): void {
  for (let line = 0; line < lines; line++) {
    let start = 0;
    for (let at = 0; at <= length; at++) {
      const black = at < length && (pixels[line * across + at * step] ?? WHITE) < BLACK;
      if (black) continue;
      if (at - start >= SHORTEST) wipeRun(pixels, line, lines, across, step, start, at);
      start = at + 1;
    }
  }
}

function wipeRun(
  pixels: Uint8Array,
  line: number,
  lines: number,
  across: number,
  step: number,
  start: number,
  end: number,
): void {
  const column = ((start + end) >> 1) * step;
  let [first, last] = [line, line];
  while (first > 0 && line - first <= THICKEST && (pixels[(first - 1) * across + column] ?? WHITE) < BLACK) first -= 1;
  while (last < lines - 1 && last - line <= THICKEST && (pixels[(last + 1) * across + column] ?? WHITE) < BLACK)
    last += 1;
  if (last - first + 1 > THICKEST) return;
  for (let at = start; at < end; at++) pixels[line * across + at * step] = WHITE;
}
