/** Office files by LibreOffice, from flat OpenDocument files that are written here. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { digital, type Expected, type Part, Writer } from './content.ts';

const LONG_NAMES: Readonly<Record<string, string>> = {
  draw: 'drawing',
  fo: 'xsl-fo-compatible',
  number: 'datastyle',
  svg: 'svg-compatible',
};
const NAMES = 'office text table draw style fo presentation dc meta number svg'
  .split(' ')
  .map((name) => `xmlns:${name}="urn:oasis:names:tc:opendocument:xmlns:${LONG_NAMES[name] ?? name}:1.0"`)
  .join(' ');

const TAGGED = 'pdf:writer_pdf_Export:{"UseTaggedPDF":{"type":"boolean","value":"true"}}';

export function makeOffice(folder: string): Expected[] {
  return [...texts(folder), ...sheets(folder), ...slides(folder)];
}

/** Converts one source to each kind; a kind may be an ending, or an ending with LibreOffice's filter after a colon. */
function convert(
  source: string,
  name: string,
  kinds: readonly (readonly [file: string, kind: string])[],
  folder: string,
): void {
  const scratch = mkdtempSync(join(tmpdir(), 'office-'));
  const path = join(scratch, name);
  writeFileSync(path, source);
  for (const [file, kind] of kinds) {
    const options = [
      '--headless',
      `-env:UserInstallation=file://${tmpdir()}/office-profile`,
      '--convert-to',
      kind,
      '--outdir',
      join(scratch, 'out'),
      path,
    ];
    execFileSync('soffice', options, { stdio: 'ignore', timeout: 180_000 });
    copyFileSync(
      join(scratch, 'out', `${basename(name).replace(/\.[^.]+$/, '')}.${kind.split(':')[0]}`),
      join(folder, file),
    );
  }
  rmSync(scratch, { recursive: true });
}

function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
}

function flat(kind: string, body: string, styles = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><office:document ${NAMES} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.${kind}"><office:automatic-styles><style:style style:name="C" style:family="table-column"><style:table-column-properties style:column-width="3.6cm"/></style:style>${styles}</office:automatic-styles><office:body><office:${kind}>${body}</office:${kind}></office:body></office:document>`;
}

function tableXml(cells: readonly (readonly string[])[], name: string): string {
  const row = (texts: readonly string[]) =>
    `<table:table-row>${texts.map((text) => `<table:table-cell office:value-type="string"><text:p>${escapeText(text)}</text:p></table:table-cell>`).join('')}</table:table-row>`;
  return `<table:table table:name="${name}"><table:table-column table:style-name="C" table:number-columns-repeated="${cells[0]?.length ?? 1}"/>${cells.map(row).join('')}</table:table>`;
}

function textXml(parts: readonly Part[]): string {
  return parts
    .map((part, index) => {
      if (part.kind === 'heading') return `<text:h text:outline-level="1">${escapeText(part.text)}</text:h>`;
      if (part.kind === 'paragraph') return `<text:p>${escapeText(part.text)}</text:p>`;
      if (part.kind === 'table') return tableXml(part.cells, `Table${index}`);
      return `<text:list>${part.items.map((item) => `<text:list-item><text:p>${escapeText(item)}</text:p></text:list-item>`).join('')}</text:list>`;
    })
    .join('');
}

function texts(folder: string): Expected[] {
  return [21, 22]
    .flatMap((seed) => {
      const parts = new Writer(seed).parts(seed === 21 ? 3 : 5);
      const kinds = [
        ['docx', 'docx'],
        ['odt', 'odt'],
        ['rtf', 'rtf'],
        ['pdf', 'pdf'],
        ['tagged.pdf', TAGGED],
        ['epub', 'epub'],
        ['html', 'html'],
      ] as const;
      const files = kinds.map(([ending, kind]) => [`letter-${seed}.${ending}`, kind] as const);
      convert(flat('text', textXml(parts)), 'a.fodt', files, folder);
      return files.map(([file]) => digital(file, parts));
    })
    .concat(notes(folder), rightToLeft(folder));
}

/** Footnotes and comments. */
function notes(folder: string): Expected[] {
  const write = new Writer(23);
  const [first, second, note, remark] = [
    write.paragraph(2),
    write.paragraph(2),
    write.sentence(),
    'Ask the insurer about this',
  ];
  const body = `<text:p>${first}<text:note text:id="n1" text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>${note}</text:p></text:note-body></text:note></text:p><text:p>${second}<office:annotation><dc:creator>Ada</dc:creator><text:p>${remark}</text:p></office:annotation></text:p>`;
  convert(
    flat('text', body),
    'a.fodt',
    [
      ['notes.docx', 'docx'],
      ['notes.odt', 'odt'],
    ],
    folder,
  );
  return [
    digital('notes.docx', [], { words: `${first}\n${second}\n${note}\n${remark}` }),
    digital('notes.odt', [], { words: `${first}\n${note}\n${second}\n${remark}` }),
  ];
}

function rightToLeft(folder: string): Expected[] {
  const texts = {
    hebrew:
      'הסכם שכירות זה נחתם בין בעל הבית לבין השוכר. השוכר ישלם את דמי השכירות בכל חודש. הפיקדון יוחזר בתוך ארבעה עשר ימים.',
    arabic:
      'هذا عقد إيجار بين المالك والمستأجر. يدفع المستأجر الإيجار في أول كل شهر. يعاد التأمين خلال أربعة عشر يوما.',
  };
  const style =
    '<style:style style:name="R" style:family="paragraph"><style:paragraph-properties fo:text-align="end" style:writing-mode="rl-tb"/></style:style>';
  return Object.entries(texts).flatMap(([name, text]) => {
    const files = [
      [`${name}.pdf`, 'pdf'],
      [`${name}.docx`, 'docx'],
    ] as const;
    convert(flat('text', `<text:p text:style-name="R">${text}</text:p>`, style), 'a.fodt', files, folder);
    return files.map(([file]) => digital(file, [{ kind: 'paragraph', text }]));
  });
}

function sheets(folder: string): Expected[] {
  const write = new Writer(24);
  const [one, two] = [write.table(12, 4), write.table(5, 6)];
  const parts: Part[] = [
    { kind: 'heading', text: 'Stock' },
    { kind: 'table', cells: one },
    { kind: 'heading', text: 'Returns' },
    { kind: 'table', cells: two },
  ];
  convert(
    flat('spreadsheet', tableXml(one, 'Stock') + tableXml(two, 'Returns')),
    'a.fods',
    [
      ['stock.xlsx', 'xlsx'],
      ['stock.ods', 'ods'],
    ],
    folder,
  );
  convert(
    flat('spreadsheet', tableXml(one, 'Stock')),
    'a.fods',
    [
      ['stock.csv', 'csv'],
      ['stock.pdf', 'pdf'],
    ],
    folder,
  );
  const alone: Part[] = [{ kind: 'table', cells: one }];
  return [
    digital('stock.xlsx', parts),
    digital('stock.ods', parts),
    digital('stock.csv', alone),
    digital('stock.pdf', alone),
  ];
}

function slides(folder: string): Expected[] {
  const write = new Writer(25);
  const pages = Array.from({ length: 3 }, (_, index) => ({
    title: `${write.title()} ${index + 1}`,
    lines: write.list(2),
    notes: write.sentence(),
  }));
  const frame = (kind: string, y: number, text: string) =>
    `<draw:frame presentation:class="${kind}" svg:x="2cm" svg:y="${y}cm" svg:width="22cm" svg:height="6cm"><draw:text-box>${text}</draw:text-box></draw:frame>`;
  const page = ({ title, lines, notes }: (typeof pages)[number], index: number) =>
    `<draw:page draw:name="p${index}">${frame('title', 1, `<text:p>${title}</text:p>`)}${frame('outline', 5, `<text:list>${lines.map((line) => `<text:list-item><text:p>${line}</text:p></text:list-item>`).join('')}</text:list>`)}<presentation:notes>${frame('notes', 12, `<text:p>${notes}</text:p>`)}</presentation:notes></draw:page>`;
  convert(
    flat('presentation', pages.map(page).join('')),
    'a.fodp',
    [
      ['talk.pptx', 'pptx'],
      ['talk.odp', 'odp'],
      ['talk.pdf', 'pdf'],
    ],
    folder,
  );
  const spoken = pages.map(({ title, lines, notes }) => [title, ...lines, notes].join('\n')).join('\n');
  const shown = pages.map(({ title, lines }) => [title, ...lines].join('\n')).join('\n');
  return [
    digital('talk.pptx', [], { words: spoken }),
    digital('talk.odp', [], { words: spoken }),
    digital('talk.pdf', [], { words: shown }),
  ];
}
