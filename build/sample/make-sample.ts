/**
 * Makes the sample document: the first part of a public-domain novel with a dozen made-up facts planted in it.
 *
 *     npm run sample    (needs ../shared/corpus)
 */
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import PdfDocument from 'pdfkit';

interface PlantedFact {
  readonly depth: number;
  readonly statement: string;
  readonly question: string;
  readonly answer: string;
}

const ROOT = join(import.meta.dirname, '../..');
const BOOK = join(ROOT, '../shared/corpus/katrine.txt');
const TARGET = join(ROOT, 'assets/samples');
const CHARACTERS = 147_000;
const TITLE = 'Katrine, with the Papers of the Harcourt Bank';

function paragraphs(): string[] {
  const text = readFileSync(BOOK, 'utf8').replaceAll('\r', '');
  const blocks = text.split(/\n\s*\n/).map((block) => block.replace(/\s+/g, ' ').trim());
  const story = blocks.slice(blocks.findIndex((block) => block.startsWith('KATRINE')) + 1);
  const prose = story.filter((block) => block.length > 40 && !block.startsWith('['));
  let taken = 0;
  return prose.filter((block) => {
    taken += block.length;
    return taken < CHARACTERS;
  });
}

/** Puts each statement behind a sentence of the paragraph at its depth. */
function plant(prose: string[], facts: readonly PlantedFact[]): string[] {
  const planted = [...prose];
  for (const { depth, statement } of facts) {
    const from = Math.floor(depth * prose.length);
    const index = planted.findIndex((block, at) => at >= from && block === prose[at] && block.indexOf('. ', 60) > 0);
    const block = planted[index] ?? '';
    const place = block.indexOf('. ', 60) + 2;
    planted[index] = `${block.slice(0, place)}${statement} ${block.slice(place)}`;
  }
  return planted;
}

async function write(blocks: readonly string[]): Promise<void> {
  const pdf = new PdfDocument({
    size: [396, 560],
    margins: { top: 56, bottom: 52, left: 46, right: 46 },
    info: {
      Title: TITLE,
      Author: 'Elinor Macartney Lane; planted facts by Proxima',
      CreationDate: new Date('2026-01-01T00:00:00Z'),
    },
  });
  const file = createWriteStream(join(TARGET, 'katrine-papers.pdf'));
  pdf.pipe(file);
  let page = 0;
  const decorate = () => {
    page += 1;
    const { x, y } = pdf;
    pdf.font('Times-Italic').fontSize(8.5);
    pdf.text(TITLE, 46, 30, { width: 304, align: 'center', lineBreak: false });
    pdf.page.margins.bottom = 0; // The footer stands in the margin, and must not open a page.
    pdf.text(`Page ${page}`, 46, 524, { width: 304, align: 'center', lineBreak: false });
    pdf.page.margins.bottom = 52;
    pdf.font('Times-Roman').fontSize(12.5);
    pdf.x = x;
    pdf.y = y;
  };
  pdf.on('pageAdded', decorate);
  decorate();
  for (const block of blocks) pdf.text(block, { align: 'justify', indent: 14, lineGap: 2, paragraphGap: 3 });
  pdf.end();
  await finished(file);
  process.stdout.write(`${page} pages\n`);
}

const facts: PlantedFact[] = JSON.parse(readFileSync(join(import.meta.dirname, 'facts.json'), 'utf8'));
await write(plant(paragraphs(), facts));
writeFileSync(
  join(TARGET, 'README.md'),
  `# Samples

\`katrine-papers.pdf\` is the first part of *Katrine* by Elinor Macartney Lane (1909, public domain), with a dozen made-up
facts planted in it by \`build/sample/make-sample.ts\`. Questions that it answers:

| question | answer |
|---|---|
${facts.map((fact) => `| ${fact.question} | ${fact.answer} |`).join('\n')}
`,
);
