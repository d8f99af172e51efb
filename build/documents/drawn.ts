/** PDFs drawn piece by piece with pdfkit, the way awkward programs do it; forms; and plain files of text. */
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import PdfDocument from 'pdfkit';
import { digital, type Expected, type Part, Writer } from './content.ts';

type Draw = (pdf: PDFKit.PDFDocument, write: Writer) => Omit<Expected, 'file' | 'kind'>;

export async function makeDrawn(folder: string): Promise<Expected[]> {
  const all: Expected[] = [];
  for (const [index, [name, draw]] of Object.entries(DRAWN).entries()) {
    const pdf = new PdfDocument({ size: 'A4', margin: 50, info: { CreationDate: new Date(0) } });
    const file = createWriteStream(join(folder, name));
    pdf.pipe(file);
    const expected = draw(pdf, new Writer(40 + index));
    pdf.end();
    await finished(file);
    all.push({ file: name, kind: 'digital', ...expected });
  }
  return [...all, ...plainFiles(folder)];
}

function known(words: string, more: Partial<Expected> = {}): Omit<Expected, 'file' | 'kind'> {
  return { words, tables: [], fields: [], ...more };
}

/** Text at a place, not wrapped. */
function at(pdf: PDFKit.PDFDocument, x: number, y: number, text: string): void {
  pdf.text(text, x, y, { lineBreak: false });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const DRAWN: Readonly<Record<string, Draw>> = {
  'invoices.pdf': invoices,
  'columns-line-by-line.pdf': (pdf, write) => {
    const [left, right] = [wrap(write.paragraph(9), 42), wrap(write.paragraph(9), 42)];
    pdf.fontSize(10);
    for (let line = 0; line < Math.max(left.length, right.length); line++) {
      if (left[line]) at(pdf, 50, 60 + line * 13, left[line] ?? '');
      if (right[line]) at(pdf, 310, 60 + line * 13, right[line] ?? '');
    }
    return known(`${left.join(' ')}\n${right.join(' ')}`);
  },
  'table-by-column.pdf': (pdf, write) => {
    const cells = write.table(8, 5);
    pdf.fontSize(10);
    for (let column = 0; column < 5; column++) {
      for (const [row, texts] of cells.entries()) at(pdf, 50 + column * 100, 80 + row * 18, texts[column] ?? '');
    }
    return known(cells.map((row) => row.join(' ')).join('\n'), { tables: [cells] });
  },
  'letter-by-letter.pdf': (pdf, write) => {
    const text = write.paragraph(3);
    pdf.fontSize(10);
    for (const [line, words] of wrap(text, 80).entries()) {
      let x = 50;
      for (const letter of words) {
        if (letter !== ' ') at(pdf, x, 60 + line * 14, letter);
        x += pdf.widthOfString(letter);
      }
    }
    return known(text);
  },
  'fake-bold.pdf': (pdf, write) => {
    const lines = write.list(4);
    pdf.fontSize(11);
    for (const [line, text] of lines.entries()) {
      at(pdf, 50, 60 + line * 16, text);
      if (line % 2 === 0) at(pdf, 50.4, 60 + line * 16, text);
    }
    return known(lines.join('\n'));
  },
  'drawn-backwards.pdf': (pdf, write) => {
    const lines = wrap(write.paragraph(8), 85);
    pdf.fontSize(10);
    for (const [line, text] of [...lines.entries()].reverse()) at(pdf, 50, 60 + line * 13, text);
    return known(lines.join(' '));
  },
  'turned-text.pdf': (pdf, write) => {
    const lines = wrap(write.paragraph(8), 85);
    const side = 'Copy for the archive';
    pdf.fontSize(10);
    for (const [line, text] of lines.entries()) at(pdf, 70, 60 + line * 13, text);
    pdf.save().rotate(-90, { origin: [30, 400] });
    at(pdf, 30, 400, side);
    pdf.restore();
    return known(`${lines.join(' ')}\n${side}`);
  },
  'sidebar.pdf': (pdf, write) => {
    const [head, main, aside] = ['The harbour in numbers', wrap(write.paragraph(12), 58), wrap(write.paragraph(4), 28)];
    pdf.fontSize(18);
    at(pdf, 50, 50, head);
    pdf.fontSize(10);
    for (const [line, text] of main.entries()) at(pdf, 50, 90 + line * 13, text);
    pdf.rect(390, 84, 160, 200).stroke();
    for (const [line, text] of aside.entries()) at(pdf, 396, 96 + line * 13, text);
    return known(`${head}\n${main.join(' ')}\n${aside.join(' ')}`);
  },
  'statement.pdf': (pdf, write) => {
    const cells = [
      ['Date', 'Booking', 'Out', 'In'],
      ...Array.from({ length: 22 }, (_, row) => [
        `0${(row % 9) + 1} May`,
        write.pick(['Rent', 'Water supply', 'Electricity', 'Refund of deposit']),
        row % 3 === 0 ? '' : write.amount(),
        row % 3 === 0 ? write.amount() : '',
      ]),
    ];
    pdf.fontSize(9);
    const ends = [0, 0, 400, 520];
    for (const [row, texts] of cells.entries()) {
      for (const [column, text] of texts.entries()) {
        const x = column < 2 ? 50 + column * 90 : (ends[column] ?? 0) - pdf.widthOfString(text);
        if (text !== '') at(pdf, x, 80 + row * 15, text);
      }
    }
    return known(cells.map((row) => row.filter(Boolean).join(' ')).join('\n'), { tables: [cells] });
  },
  'sections-beside-table.pdf': (pdf, write) => {
    const text = write.paragraph(3);
    const cells = [
      ['Room', 'Area', 'Rent'],
      ['Kitchen', '12', '140'],
      ['Cellar', '30', '95'],
      ['Attic', '22', '80'],
    ];
    pdf.fontSize(10).text(text, 50, 50, { width: 480 });
    const top = pdf.y + 20;
    for (const [row, texts] of cells.entries())
      for (const [column, each] of texts.entries()) at(pdf, 50 + column * 150, top + row * 20, each);
    const after = write.paragraph(3);
    pdf.text(after, 50, top + 100, { width: 480 });
    return known(`${text}\n${cells.map((row) => row.join(' ')).join('\n')}\n${after}`, { tables: [cells] });
  },
  'form.pdf': form,
  'form-choices.pdf': choices,
};

/** Six invoices of a page each: only their numbers differ. */
function invoices(pdf: PDFKit.PDFDocument, write: Writer): Omit<Expected, 'file' | 'kind'> {
  const words: string[] = [];
  for (let index = 0; index < 6; index++) {
    if (index > 0) pdf.addPage();
    const lines = [
      `Invoice number ${2040 + index}`,
      `Customer ${write.number(100, 999)}`,
      ...write.list(3),
      `Net ${write.amount()}`,
      `VAT 20% ${write.amount()}`,
      `Total due ${write.amount()}`,
    ];
    pdf.fontSize(11);
    for (const [line, text] of lines.entries()) at(pdf, 50, 60 + line * 20, text);
    words.push(...lines);
  }
  return known(words.join('\n'));
}

function form(pdf: PDFKit.PDFDocument): Omit<Expected, 'file' | 'kind'> {
  const fields = [
    ['Family name', 'Okonkwo-Hale'],
    ['Date of birth', '14 March 1988'],
    ['Street', '12 Harbour Road'],
    ['Insurance number', 'QX-20481-7'],
    ['Monthly income', '2,950.00'],
  ] as const;
  pdf.font('Helvetica').initForm();
  pdf.fontSize(11).text('Application for housing benefit', 50, 50);
  for (const [index, [label, value]] of fields.entries()) {
    const y = 90 + index * 34;
    at(pdf, 50, y, label);
    pdf.formText(`field${index}`, 200, y - 6, 250, 20, { value });
  }
  return known(`Application for housing benefit\n${fields.map((field) => field.join(' ')).join('\n')}`, { fields });
}

function choices(pdf: PDFKit.PDFDocument): Omit<Expected, 'file' | 'kind'> {
  const fields = [
    ['Married', '[ ]'],
    ['Pays rent', '[x]'],
    ['Owns a car', '[x]'],
    ['Country', 'Ghana'],
    ['Remarks', 'No heating since May'],
  ] as const;
  pdf.font('Helvetica').initForm();
  pdf.fontSize(11).text('Household', 50, 50);
  for (const [index, [label, value]] of fields.entries()) {
    const y = 90 + index * 34;
    at(pdf, 90, y, label);
    if (value.startsWith('[')) {
      checkbox(pdf, `check${index}`, y - 4, value === '[x]' ? 'Yes' : 'Off');
    } else if (label === 'Country') pdf.formCombo('country', 200, y - 6, 150, 20, { select: ['Ghana', 'Peru'], value });
    else pdf.formText('remarks', 200, y - 6, 250, 20, { value, multiline: true });
  }
  const words = fields.map(([label, value]) => (value.startsWith('[') ? label : `${label} ${value}`));
  return known(`Household\n${words.join('\n')}`, { fields });
}

/** With its two pictures, which pdfkit leaves to the program that shows it. */
function checkbox(pdf: PDFKit.PDFDocument, name: string, y: number, state: 'Yes' | 'Off'): void {
  const picture = () => {
    const reference = pdf.ref({ Type: 'XObject', Subtype: 'Form', BBox: [0, 0, 14, 14] });
    (reference as unknown as { end(): void }).end();
    return reference;
  };
  const states = { N: { Yes: picture(), Off: picture() } };
  const field = { Subtype: 'Widget', FT: 'Btn', T: new String(name), F: 4, V: state, AS: state, AP: states };
  pdf.annotate(60, y, 14, 14, field as never);
  const { annotations } = pdf.page as unknown as { annotations: unknown[] };
  (pdf as unknown as { _addToParent(field: unknown): void })._addToParent(annotations.at(-1));
}

function plainFiles(folder: string): Expected[] {
  const write = new Writer(60);
  const parts = write.parts(2);
  const prose = [write.paragraph(6), write.paragraph(5)];
  const hard = prose.map((text) => wrap(text, 70).join('\n')).join('\n\n');
  const mail = wrap(write.paragraph(5), 70).join('\r\n');
  const files: Record<string, string | Buffer> = {
    'hard-wrapped.txt': hard,
    'windows-1252.txt': Buffer.from('Die Gebühr beträgt zwölf Euro für Größe drei.', 'latin1'),
    'utf-16.txt': Buffer.from(`\ufeff${prose[0]}`, 'utf16le'),
    'notes.md': parts.map(markdown).join('\n\n'),
    'semicolons.csv': 'Article;Count;Remark\n"Pipe; copper";12;"said ""late"""\nTiles;4;none\n',
    'message.eml': `From: Ada Hale <ada@example.org>\r\nTo: Clerk <clerk@example.org>\r\nSubject: =?utf-8?Q?Stra=C3=9Fe_closed?=\r\nDate: Mon, 4 Mar 2024 10:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${mail}\r\n`,
    'rubbish.docx': Buffer.from(Array.from({ length: 5000 }, () => write.number(32, 126))),
    'before-2007.doc': Buffer.from('d0cf11e0a1b11ae1'.padEnd(2048, '00'), 'hex'),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const csv = [
    ['Article', 'Count', 'Remark'],
    ['Pipe; copper', '12', 'said "late"'],
    ['Tiles', '4', 'none'],
  ];
  return [
    digital('hard-wrapped.txt', [], { words: prose.join('\n') }),
    digital('windows-1252.txt', [], { words: 'Die Gebühr beträgt zwölf Euro für Größe drei.' }),
    digital('utf-16.txt', [], { words: prose[0] ?? '' }),
    digital('notes.md', parts),
    digital('semicolons.csv', [{ kind: 'table', cells: csv }]),
    digital('message.eml', [], {
      words: `From Ada Hale ada@example.org To Clerk clerk@example.org Date 2024-03-04T10:00:00.000Z Subject Straße closed\n${mail}`,
    }),
    { file: 'rubbish.docx', kind: 'refused', words: '', tables: [], fields: [] },
    { file: 'before-2007.doc', kind: 'refused', words: '', tables: [], fields: [] },
  ];
}

function markdown(part: Part): string {
  if (part.kind === 'heading') return `# ${part.text}`;
  if (part.kind === 'list') return part.items.map((item) => `- ${item}`).join('\n');
  if (part.kind === 'paragraph') return part.text;
  const [head = [], ...rows] = part.cells;
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
