/** Words that were recognised on a page, laid over its picture unseen, so that they can be marked and copied. */
import type { RecognisedWord } from '../../engine/documents/recognition/recogniser.ts';

const FONT = 'sans-serif';
/** Of a word's box, its letters' height. */
const LETTERS = 0.85;

/** Lays them over the page's element, in place of an earlier layer; resizes with it. */
export function layWords(page: HTMLElement, words: readonly RecognisedWord[]): HTMLElement {
  page.querySelector(':scope > .recognised-words')?.remove();
  const layer = document.createElement('div');
  layer.className = 'recognised-words';
  const { clientWidth: width, clientHeight: height } = page;
  const pen = document.createElement('canvas').getContext('2d');
  for (const { text, box } of words) {
    const [left, top, across, down] = box;
    const word = document.createElement('span');
    const size = Math.max(1, down * height * LETTERS);
    if (pen) pen.font = `${size}px ${FONT}`;
    const natural = pen?.measureText(text).width ?? across * width;
    word.textContent = `${text} `;
    word.style.left = `${left * 100}%`;
    word.style.top = `${top * 100}%`;
    word.style.fontSize = `${size}px`;
    word.style.lineHeight = `${down * height}px`;
    word.style.transform = `scaleX(${(across * width) / Math.max(1, natural)})`;
    layer.append(word);
  }
  page.append(layer);
  return layer;
}
