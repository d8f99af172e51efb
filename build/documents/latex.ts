/** Documents by pdfTeX: columns, footnotes, tables of several kinds, running titles, page labels, rotated pages. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digital, type Expected, type Part, Writer } from './content.ts';

const PACKAGES = '\\usepackage{booktabs,longtable,array,fancyhdr,multicol,pdflscape}';

/** Each document as its options, what goes before its text, and its text. */
interface Source {
  readonly options?: string;
  readonly preamble?: string;
  readonly body: string;
  readonly expected: Expected;
}

export function makeLatex(folder: string): Expected[] {
  return sources().map(({ options = 'a4paper,10pt', preamble = '', body, expected }) => {
    const text = `\\documentclass[${options}]{article}${PACKAGES}${preamble}\\pdfinfoomitdate=1\\pdftrailerid{}\\begin{document}${body}\\end{document}`;
    compile(text, join(folder, expected.file));
    return expected;
  });
}

function compile(text: string, target: string): void {
  const scratch = mkdtempSync(join(tmpdir(), 'latex-'));
  writeFileSync(join(scratch, 'a.tex'), text);
  const environment = { ...process.env, SOURCE_DATE_EPOCH: '1700000000', FORCE_SOURCE_DATE: '1' };
  for (let pass = 0; pass < 2; pass++) {
    execFileSync('pdflatex', ['-interaction=batchmode', 'a.tex'], { cwd: scratch, env: environment, stdio: 'ignore' });
  }
  copyFileSync(join(scratch, 'a.pdf'), target);
  rmSync(scratch, { recursive: true });
}

function escapeText(text: string): string {
  return text.replace(/[&%$#_{}]/g, '\\$&');
}

function latex(parts: readonly Part[], table = grid): string {
  return parts
    .map((part) => {
      if (part.kind === 'heading') return `\\section*{${part.text}}`;
      if (part.kind === 'paragraph') return `${escapeText(part.text)}\n\n`;
      if (part.kind === 'list')
        return `\\begin{itemize}${part.items.map((item) => `\\item ${item}`).join('')}\\end{itemize}`;
      return `\n\n\\medskip\\noindent ${table(part.cells)}\n\n\\medskip `;
    })
    .join('\n');
}

function rows(cells: readonly (readonly string[])[], between: string): string {
  return cells.map((row) => `${row.map(escapeText).join(' & ')} \\\\`).join(between);
}

const grid = (cells: readonly (readonly string[])[]) =>
  `\\begin{tabular}{|${'l|'.repeat(cells[0]?.length ?? 0)}}\\hline ${rows(cells, '\\hline ')}\\hline\\end{tabular}`;
const plain = (cells: readonly (readonly string[])[]) =>
  `\\begin{tabular}{l${'r'.repeat((cells[0]?.length ?? 1) - 1)}}${rows(cells, '')}\\end{tabular}`;
const ruled = ([head = [], ...others]: readonly (readonly string[])[]) =>
  `\\begin{tabular}{l${'r'.repeat(head.length - 1)}}\\toprule ${rows([head], '')}\\midrule ${rows(others, '')}\\bottomrule\\end{tabular}`;
const centred = (cells: readonly (readonly string[])[]) =>
  `\\begin{tabular}{${'c'.repeat(cells[0]?.length ?? 0)}}\\hline ${rows(cells, '')}\\hline\\end{tabular}`;

function sources(): Source[] {
  return [...prose(), ...tables(), ...edges()];
}

function prose(): Source[] {
  const write = new Writer(11);
  const simple = write.parts(3);
  const narrow = write.parts(2).filter(({ kind }) => kind !== 'table');
  const columns = Array.from({ length: 6 }, (): Part => ({ kind: 'paragraph', text: write.paragraph(7) }));
  const three = Array.from({ length: 6 }, (): Part => ({ kind: 'paragraph', text: write.paragraph(4) }));
  const ligatures = [
    {
      kind: 'paragraph',
      text: 'The official staff of the flow office filed a difficult affidavit on efficient shuffling; fjords and fluffy waffles suffice.',
    },
  ] as Part[];
  const [note, other] = [write.sentence(), write.sentence()];
  const [first, second] = [write.paragraph(5), write.paragraph(6)];
  return [
    { body: latex(simple), expected: digital('article.pdf', simple) },
    { options: 'a5paper,11pt', body: latex(narrow), expected: digital('hyphenated.pdf', narrow) },
    { options: 'a4paper,10pt,twocolumn', body: latex(columns), expected: digital('two-columns.pdf', columns) },
    {
      preamble: '\\usepackage[margin=15mm]{geometry}\\setlength{\\columnsep}{8mm}\\sloppy',
      body: `\\section*{News of the harbour}\\begin{multicols}{3}${latex(three)}\\end{multicols}`,
      expected: digital('three-columns.pdf', [{ kind: 'heading', text: 'News of the harbour' }, ...three]),
    },
    { preamble: '\\pagestyle{empty}', body: latex(ligatures), expected: digital('ligatures.pdf', ligatures) },
    {
      body: `${escapeText(first)}\\footnote{${note}}\n\n${escapeText(second)}\\footnote{${other}}`,
      expected: digital('footnotes.pdf', [], { words: `${first}1\n${second}2\n1${note}\n2${other}` }),
    },
  ];
}

function tables(): Source[] {
  const write = new Writer(12);
  const around = (cells: string[][]): Part[] => [
    { kind: 'paragraph', text: write.paragraph(3) },
    { kind: 'table', cells },
    { kind: 'paragraph', text: write.paragraph(3) },
  ];
  const styles = { grid, plain, ruled, centred };
  const simple = Object.entries(styles).map(([name, style], index): Source => {
    const parts = around(write.table(6, 3 + (index % 4)));
    return { body: latex(parts, style), expected: digital(`table-${name}.pdf`, parts) };
  });
  const wrapped = [
    ['Clause', 'Duty', 'Remark'],
    ...Array.from({ length: 5 }, (_, row) => [`${row + 1}.1`, write.sentence(), write.sentence()]),
  ];
  const wrap = (cells: readonly (readonly string[])[]) =>
    `\\begin{tabular}{|l|p{55mm}|p{50mm}|}\\hline ${rows(cells, '\\hline ')}\\hline\\end{tabular}`;
  const wrappedParts = around(wrapped);
  const long = write.table(70, 4);
  const longBody = `\\begin{longtable}{lrrr}${rows(long.slice(0, 1), '')}\\hline\\endhead ${rows(long.slice(1), '')}\\end{longtable}`;
  const sideways = write.table(8, 6);
  return [
    ...simple,
    { body: latex(wrappedParts, wrap), expected: digital('table-wrapped.pdf', wrappedParts) },
    { body: longBody, expected: digital('table-over-pages.pdf', [{ kind: 'table', cells: long }]) },
    {
      body: `\\begin{landscape}${latex([{ kind: 'table', cells: sideways }])}\\end{landscape}`,
      expected: digital('landscape.pdf', [{ kind: 'table', cells: sideways }]),
    },
  ];
}

function edges(): Source[] {
  const write = new Writer(13);
  const pages = Array.from({ length: 7 }, (): Part => ({ kind: 'paragraph', text: write.paragraph(8) }));
  const body = pages.map((part) => latex([part])).join('\\newpage ');
  const head =
    '\\pagestyle{fancy}\\fancyhf{}\\fancyhead[L]{Report of the survey}\\fancyhead[R]{Harbour office}\\fancyfoot[C]{Page \\thepage\\ of 7}';
  const roman = Array.from({ length: 6 }, (): Part => ({ kind: 'paragraph', text: write.paragraph(6) }));
  const [main, margin] = [write.paragraph(9), 'Mind the deposit'];
  const caption: Part[] = [
    { kind: 'paragraph', text: write.paragraph(4) },
    { kind: 'paragraph', text: 'Figure 1: The harbour from the north.' },
    { kind: 'paragraph', text: write.paragraph(4) },
  ];
  return [
    {
      preamble: head,
      body,
      expected: digital('running-titles.pdf', [
        { kind: 'paragraph', text: 'Report of the survey Harbour office' },
        ...pages,
      ]),
    },
    {
      preamble: '\\usepackage{hyperref}',
      body: `\\pagenumbering{roman}${roman
        .slice(0, 3)
        .map((part) => latex([part]))
        .join('\\newpage ')}\\newpage\\pagenumbering{arabic}${roman
        .slice(3)
        .map((part) => latex([part]))
        .join('\\newpage ')}`,
      expected: digital('page-labels.pdf', roman),
    },
    {
      body: `${escapeText(main)}\\marginpar{\\small ${margin}}`,
      expected: digital('margin-note.pdf', [], { words: `${main}\n${margin}` }),
    },
    {
      body: `${latex(caption.slice(0, 1))}\\begin{center}\\rule{60mm}{30mm}\n\nFigure 1: The harbour from the north.\\end{center}${latex(caption.slice(2))}`,
      expected: digital('caption.pdf', caption),
    },
  ];
}
