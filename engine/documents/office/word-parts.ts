/** The members of a Word file as mammoth asks for them, with what it knows nothing of turned into text: equations, and readings above words. */
import type { Members } from './archive.ts';

/** What mammoth takes for an archive. */
export interface WordFile {
  exists(name: string): boolean;
  read(name: string, encoding?: string): Promise<string | Uint8Array>;
}

export function wordFile(members: Members): WordFile {
  return {
    exists: (name) => members.has(name),
    read: async (name, encoding) => {
      const content = members.get(name) ?? new Uint8Array();
      if (encoding === 'base64') return Buffer.from(content).toString('base64');
      if (encoding === undefined) return content;
      const text = new TextDecoder().decode(content);
      return name.startsWith('word/') ? withReadings(withEquations(text)) : text;
    },
  };
}

function withEquations(xml: string): string {
  if (!xml.includes('<m:oMath')) return xml;
  return replaceElements(xml.replace(/<\/?m:oMathPara\b[^>]*>/g, ''), 'm:oMath', (math) => runOf(` ${linear(math)} `));
}

/** What stands above a word follows it in brackets. */
function withReadings(xml: string): string {
  return replaceElements(xml, 'w:ruby', (ruby) => {
    const text = (name: string) => {
      let found = '';
      replaceElements(ruby, name, (element) => {
        found += wordsIn(element);
        return '';
      });
      return found;
    };
    return `<w:t>${text('w:rubyBase')} (${text('w:rt')})</w:t>`;
  });
}

function runOf(text: string): string {
  return `<w:r><w:t xml:space="preserve">${text}</w:t></w:r>`;
}

/** The text of elements, still escaped. */
function wordsIn(xml: string): string {
  return xml.replace(/>\s+</g, '><').replace(/<[^>]*>/g, '');
}

/** Replaces elements that don't hold others of their name; an element without an end stays. */
function replaceElements(xml: string, name: string, replacement: (element: string) => string): string {
  const start = new RegExp(`<${name}(\\s[^>]*)?>`, 'g');
  const parts: string[] = [];
  let at = 0;
  for (let found = start.exec(xml); found; found = start.exec(xml)) {
    const end = xml.indexOf(`</${name}>`, found.index);
    if (end < 0) break;
    parts.push(xml.slice(at, found.index), replacement(xml.slice(found.index, end)));
    at = end + name.length + 3;
    start.lastIndex = at;
  }
  return parts.join('') + xml.slice(at);
}

/** Office Math (ECMA-376, part 1, 22.1) on a line: x^2, a_1, (a+b)/c, √(x). */
function linear(math: string): string {
  const marked = math
    .replace(/<m:(sup|sub|den)>/g, (_, part: string) => `${PART_SIGNS[part]}(`)
    .replace(/<m:(num|d)>/g, '(')
    .replace(/<m:deg>/g, '[')
    .replace(/<\/m:deg>/g, ']')
    .replace(/<m:rad>/g, '√(')
    .replace(/<\/m:(sup|sub|den|num|d|rad)>/g, ')')
    .replace(/<m:chr m:val="([^"]*)"\s*\/>/g, '$1')
    .replace(/<\/m:(e|mr)>(?=\s*<m:(e|mr)>)/g, ' ');
  return wordsIn(marked)
    .replace(/\[\]/g, '')
    .replace(/[_^]\(\)/g, '')
    .replace(/([_^/])\(([\p{L}\p{N}.]+)\)/gu, '$1$2')
    .replace(/\(([\p{L}\p{N}.]+)\)\//gu, '$1/')
    .trim();
}

const PART_SIGNS: Readonly<Record<string, string>> = { sup: '^', sub: '_', den: '/' };
