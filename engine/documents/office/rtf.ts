/** RTF 1.9.1: the text of its paragraphs and tables. There is no well-kept library for it; what is read here is its text alone. */
import { type Document, documentOf, type Note } from '../document.ts';
import { markdownTable } from '../layout/tables.ts';
import { paginate } from '../paginate.ts';
import { asTitle } from '../titles.ts';

const TOKEN = /\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-f]{2})|\\([^a-z'])|([{}])|([^\\{}\r\n]+)|[\r\n]+|\\/gi;
/** Groups whose text is none of the document's. */
const SILENT = new Set(
  'fonttbl colortbl stylesheet listtable listoverridetable revtbl rsidtbl generator xmlnstbl themedata colorschememapping latentstyles datastore pict objdata blipuid bin filetbl mmathPr fldinst bkmkstart bkmkend panose falt xe tc pntxta pntxtb formfield wgrffmtfilter nonshppict info'.split(
    ' ',
  ),
);
const LETTERS: Readonly<Record<string, string>> = {
  tab: ' ',
  line: '\n',
  emdash: '—',
  endash: '–',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  bullet: '•',
  emspace: ' ',
  enspace: ' ',
  '~': ' ',
  _: '-',
  '-': '',
};
const DEEPEST = 500;
/** Text within groups that programs may leave out: of a text box as Word writes it since 1997, and of a comment. */
const HEARD = new Set(['shptxt', 'annotation']);
const LONGEST_FONTS = 100_000;
/** Code pages by the numbers that fonts have for their character sets. */
const CHARACTER_SETS: Readonly<Record<string, number>> = {
  '77': 10000,
  '128': 932,
  '129': 949,
  '134': 936,
  '136': 950,
  '161': 1253,
  '162': 1254,
  '163': 1258,
  '177': 1255,
  '178': 1256,
  '186': 1257,
  '204': 1251,
  '222': 874,
  '238': 1250,
};

interface Group {
  readonly silent: boolean;
  readonly decoder: TextDecoder;
  /** What is said when it ends. */
  readonly end: string;
  /** Bytes that stand for one `\u` where its letter can't be shown. */
  readonly skip: number;
}

export function readRtf(bytes: Uint8Array): Document {
  // A mark of UTF-8 is put before it by programs that take it for text.
  const source = new TextDecoder('latin1').decode(bytes).replace(/^\u00ef\u00bb\u00bf/, '');
  const reader = new RtfReader(source);
  const pictures = source.match(/\{\\pict/g)?.length ?? 0;
  const notes: Note[] = pictures > 0 ? [{ code: 'pictures-left-out', count: pictures }] : [];
  return documentOf(paginate(reader.lines().join('\n')), { title: titleOf(source), notes });
}

function titleOf(source: string): string | undefined {
  const title = /\{\\title ([^{}\\]*)\}/.exec(source)?.[1];
  return title === undefined ? undefined : asTitle(title);
}

class RtfReader {
  readonly #source: string;
  readonly #fonts: ReadonlyMap<number, TextDecoder>;
  readonly #lines: string[] = [];
  /** Of the letters of fonts that say nothing else. */
  readonly #decoder: TextDecoder;
  #group: Group;
  readonly #groups: Group[] = [];
  #text = '';
  #bytes: number[] = [];
  #row: string[] = [];
  #table: string[][] = [];
  #toSkip = 0;
  #first = false;
  readonly #commands: Readonly<Record<string, (parameter: string | undefined) => void>> = {
    f: (number) => this.#font(Number(number ?? 0)),
    uc: (skip) => {
      this.#group = { ...this.#group, skip: Number(skip ?? 1) };
    },
    u: (code) => this.#unicode(Number(code ?? 0)),
    par: () => this.#endParagraph(),
    sect: () => this.#endParagraph(),
    page: () => this.#endParagraph(),
    cell: () => this.#endCell(),
    nestcell: () => this.#endCell(),
    row: () => this.#endRow(),
    nestrow: () => this.#endRow(),
  };

  constructor(source: string) {
    this.#source = source;
    this.#fonts = fontsOf(source);
    this.#decoder = decoderOf(Number(/\\ansicpg(\d+)/.exec(source)?.[1] ?? 1252));
    const first = this.#fonts.get(Number(/\\deff(\d+)/.exec(source)?.[1] ?? -1));
    this.#group = { silent: false, skip: 1, decoder: first ?? this.#decoder, end: '' };
  }

  lines(): string[] {
    for (const match of this.#source.matchAll(TOKEN)) this.#take(match);
    this.#endParagraph();
    this.#endTable();
    return this.#lines
      .flatMap((line) => line.split('\n'))
      .map((line) => line.replace(/[^\S\n]+/g, ' ').trim())
      .filter(Boolean);
  }

  #take([, word, parameter, hex, symbol, brace, text]: RegExpMatchArray): void {
    if (brace === '{') this.#open();
    else if (brace === '}') this.#close();
    else if (word !== undefined) this.#control(word, parameter);
    else if (hex !== undefined) this.#byte(Number.parseInt(hex, 16));
    else if (symbol !== undefined) this.#symbol(symbol);
    else if (text !== undefined) this.#plain(text);
  }

  #open(): void {
    if (this.#groups.length < DEEPEST) this.#groups.push(this.#group);
    this.#first = true;
    this.#toSkip = 0;
  }

  #close(): void {
    this.#flush();
    const { end } = this.#group;
    this.#group = this.#groups.pop() ?? this.#group;
    if (this.#group.end !== end) this.#text += end;
    this.#toSkip = 0;
  }

  #control(word: string, parameter: string | undefined): void {
    const first = this.#first;
    this.#first = false;
    if (SILENT.has(word) && (first || word === 'pict' || word === 'fldinst')) {
      this.#group = { ...this.#group, silent: true };
    } else if (HEARD.has(word)) this.#hear(word);
    else if (Object.hasOwn(LETTERS, word)) this.#plain(LETTERS[word] ?? '');
    else if (Object.hasOwn(this.#commands, word)) this.#commands[word]?.(parameter);
  }

  /** A text box stands in the middle of the paragraph that it hangs on. */
  #hear(word: string): void {
    const isComment = word === 'annotation';
    this.#group = { ...this.#group, silent: false, end: isComment ? ']' : ' ' };
    this.#plain(isComment ? ' [Comment: ' : ' ');
  }

  #font(number: number): void {
    this.#flush();
    this.#group = { ...this.#group, decoder: this.#fonts.get(number) ?? this.#decoder };
  }

  #symbol(symbol: string): void {
    if (symbol === '*' && this.#first) this.#group = { ...this.#group, silent: true };
    else if (symbol === '\n' || symbol === '\r') this.#endParagraph();
    else if (Object.hasOwn(LETTERS, symbol)) this.#plain(LETTERS[symbol] ?? '');
    else if ('\\{}'.includes(symbol)) this.#plain(symbol);
  }

  #unicode(code: number): void {
    this.#flush();
    if (!this.#group.silent) this.#text += String.fromCharCode(code < 0 ? code + 65_536 : code);
    this.#toSkip = this.#group.skip;
  }

  #byte(byte: number): void {
    if (this.#toSkip > 0) this.#toSkip -= 1;
    else if (!this.#group.silent) this.#bytes.push(byte);
  }

  #plain(text: string): void {
    this.#flush();
    const rest = text.slice(this.#toSkip);
    this.#toSkip = Math.max(0, this.#toSkip - text.length);
    if (!this.#group.silent) this.#text += rest;
  }

  /** Letters of more than one byte come byte by byte. */
  #flush(): void {
    if (this.#bytes.length === 0) return;
    this.#text += this.#group.decoder.decode(Uint8Array.from(this.#bytes));
    this.#bytes = [];
  }

  #endParagraph(): void {
    this.#flush();
    if (this.#row.length > 0) this.#text += ' ';
    else if (this.#text.trim() !== '') {
      this.#endTable();
      this.#lines.push(this.#text);
      this.#text = '';
    }
  }

  #endCell(): void {
    this.#flush();
    this.#row.push(this.#text.trim());
    this.#text = '';
  }

  #endRow(): void {
    if (this.#row.length > 0) this.#table.push(this.#row);
    this.#row = [];
  }

  #endTable(): void {
    this.#endRow();
    if (this.#table.length > 0) this.#lines.push(...markdownTable(this.#table));
    this.#table = [];
  }
}

/** Decoders of the fonts whose character sets say more than the file's code page. */
function fontsOf(source: string): Map<number, TextDecoder> {
  const start = source.indexOf('{\\fonttbl');
  const table = start < 0 ? '' : source.slice(start, start + LONGEST_FONTS);
  const fonts = table.matchAll(/\{\\f(\d+)[^{};]{0,200}?\\fcharset(\d+)/g);
  return new Map(
    [...fonts].flatMap(([, font, set = '']) => {
      const page = CHARACTER_SETS[set];
      return page === undefined ? [] : [[Number(font), decoderOf(page)] as const];
    }),
  );
}

function decoderOf(codePage: number): TextDecoder {
  const names: Readonly<Record<number, string>> = {
    932: 'shift_jis',
    936: 'gbk',
    949: 'euc-kr',
    950: 'big5',
    874: 'windows-874',
    10000: 'macintosh',
    65001: 'utf-8',
  };
  try {
    return new TextDecoder(names[codePage] ?? `windows-${codePage}`);
  } catch {
    return new TextDecoder('windows-1252');
  }
}
