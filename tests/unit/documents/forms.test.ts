/** What people filled in and wrote on a PDF: fields, choices, XFA forms, comments. */
import { describe, expect, it } from 'vitest';
import { readPdf } from '../../../engine/documents/pdf/read-pdf.ts';
import { pdfOf } from '../../integration/pdf-making.ts';

async function linesOf(objects: readonly string[]): Promise<string[]> {
  const { pages } = await readPdf(new Uint8Array(pdfOf(objects)));
  return pages.flatMap(({ text }) => text.split('\n'));
}

const stream = (text: string, more = '') => `<< ${more} /Length ${text.length} >>\nstream\n${text}\nendstream`;
const FONT = '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>';
const PAGES = '<< /Type /Pages /Count 1 /MediaBox [0 0 595 842] /Kids [3 0 R] >>';

/** A page with lines of text at their places, and annotations; what they refer to comes after them. */
function pageWith(
  lines: readonly (readonly [x: number, y: number, text: string])[],
  annotations: readonly string[],
  catalogue = '',
) {
  const text = lines.map(([x, y, each]) => `BT /F 12 Tf ${x} ${y} Td (${each}) Tj ET`).join('\n');
  const references = annotations.map((_, index) => `${index + 6} 0 R`).join(' ');
  return [
    `<< /Type /Catalog /Pages 2 0 R ${catalogue} >>`,
    PAGES,
    `<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> /Annots [${references}] >>`,
    stream(text),
    FONT,
    ...annotations,
  ];
}

it('radio buttons are marked where they are chosen', async () => {
  const widget = (y: number, name: string, chosen: boolean) =>
    `<< /Type /Annot /Subtype /Widget /Parent 9 0 R /F 4 /Rect [60 ${y} 74 ${y + 14}] /AS /${chosen ? name : 'Off'} /AP << /N << /${name} 10 0 R /Off 10 0 R >> >> >>`;
  const objects = pageWith(
    [
      [50, 750, 'How is the rent paid?'],
      [90, 703, 'Weekly'],
      [90, 673, 'Monthly'],
      [90, 643, 'Yearly'],
    ],
    [widget(700, 'Week', false), widget(670, 'Month', true), widget(640, 'Year', false)],
    '/AcroForm << /Fields [9 0 R] >>',
  );
  const field = '<< /FT /Btn /Ff 49152 /T (paid) /V /Month /Kids [6 0 R 7 0 R 8 0 R] >>';
  const picture = stream('', '/Type /XObject /Subtype /Form /BBox [0 0 14 14]');
  expect(await linesOf([...objects, field, picture])).toEqual([
    'How is the rent paid?',
    '| [ ] | Weekly |',
    '| --- | --- |',
    '| [x] | Monthly |',
    '| [ ] | Yearly |',
  ]);
});

describe('comments and notes', () => {
  const annotation = (subtype: string, more: string) =>
    `<< /Type /Annot /Subtype /${subtype} /Rect [60 600 160 620] /F 4 ${more} >>`;

  it('are read with who wrote them, and links and their like are not', async () => {
    const lines = await linesOf(
      pageWith(
        [[50, 700, 'The tenant pays at noon.']],
        [
          annotation('Text', '/Contents (Is that agreed?) /T (Ada Hale)'),
          annotation('Highlight', '/Contents (See clause 4.) /QuadPoints [60 620 160 620 60 600 160 600]'),
          annotation('FreeText', '/Contents (Paid on 4 May) /DA (/F 12 Tf 0 g)'),
          annotation('Link', '/Contents (A link)'),
        ],
      ),
    );
    expect(lines).toEqual([
      'The tenant pays at noon.',
      'Comment (Ada Hale): Is that agreed?',
      'Comment: See clause 4.',
      'Note: Paid on 4 May',
    ]);
  });
});

it('the values of an XFA form stand with their labels', async () => {
  const field = (name: string, label: string, ui: string, more = '') =>
    `<field name="${name}" w="150mm" h="10mm"><ui>${ui}</ui><caption reserve="50mm"><value><text>${label}</text></value></caption>${more}</field>`;
  const template = `<template xmlns="http://www.xfa.org/schema/xfa-template/3.3/"><subform name="form1" layout="tb" locale="en_US"><pageSet><pageArea><contentArea x="5mm" y="5mm" w="200mm" h="280mm"/><medium stock="a4" short="210mm" long="297mm"/></pageArea></pageSet><subform layout="tb" name="person" w="200mm"><draw w="150mm" h="10mm"><value><text>Application for benefit</text></value></draw>${field('family', 'Family name', '<textEdit/>')}${field('income', 'Monthly income', '<textEdit/>')}${field('married', 'Married', '<checkButton/>', '<items><integer>1</integer><integer>0</integer></items>')}</subform></subform></template>`;
  const data =
    '<xfa:datasets xmlns:xfa="http://www.xfa.org/schema/xfa-data/1.0/"><xfa:data><form1><person><family>Okonkwo-Hale</family><income>2,950.00</income><married>1</married></person></form1></xfa:data></xfa:datasets>';
  const xdp = `<xdp:xdp xmlns:xdp="http://ns.adobe.com/xdp/">${template}${data}</xdp:xdp>`;
  const lines = await linesOf([
    '<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA 5 0 R >> /NeedsRendering true >>',
    PAGES,
    '<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << >> >>',
    stream(''),
    stream(xdp),
  ]);
  expect(lines).toEqual([
    'Application for benefit',
    'Family name Okonkwo-Hale',
    'Monthly income 2,950.00',
    'Married [x]',
  ]);
});

it('signatures and stamps are read with the words that they show', async () => {
  const place = '/Type /Annot /Rect [60 600 260 660] /F 4 /AP << /N 8 0 R >>';
  const objects = pageWith(
    [[50, 700, 'The tenant signs here.']],
    [`<< ${place} /Subtype /Widget /FT /Sig /T (sign) >>`, `<< ${place} /Subtype /Stamp >>`],
    '/AcroForm << /Fields [6 0 R] >>',
  );
  const drawn = 'BT /F 12 Tf 5 40 Td (Signed by Ada Hale) Tj 0 -14 Td (on 4 May) Tj ET';
  const look = '/Type /XObject /Subtype /Form /BBox [0 0 200 60] /Resources << /Font << /F 5 0 R >> >>';
  expect(await linesOf([...objects, stream(drawn, look)])).toEqual([
    'The tenant signs here.',
    'Stamp: Signed by Ada Hale on 4 May',
    'Signature: Signed by Ada Hale on 4 May',
  ]);
});
