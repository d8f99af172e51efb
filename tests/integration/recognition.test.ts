/** Scans: few are recognised, many are asked about first; in the reader's language, with progress, pause and cancel. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../engine/documents/document.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { startJob } from '../../engine/jobs/job.ts';
import { ask, temporaryFolder } from './command.ts';
import { makePdf } from './pdf-making.ts';
import { largePicture, makeScan, pictureOf, tiffOf } from './scanned.ts';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const LINES = ['The harbour master keeps the key of the northern gate.', 'The toll is four dollars.'];
/** A quarter of a page, in points. */
const HEIGHT = 210;
const GERMAN = ['Die Gebühr für größere Schiffe beträgt fünf Euro.', 'Eine Verspätung schließt Ansprüche aus.'];

beforeAll(async () => {
  await makeScan(at('two.pdf'), [LINES, ['Nobody may swim in the basin after sunset.']], HEIGHT);
  await makeScan(at('half.pdf'), [undefined, LINES], HEIGHT);
  await makeScan(at('german.pdf'), [GERMAN], HEIGHT);
});

describe('scanned pages', () => {
  it('are recognised with their words, places and confidence, told page by page', async () => {
    const told: Progress[] = [];
    const { pages, notes } = await readDocumentFile(at('two.pdf'), { onProgress: (progress) => told.push(progress) });
    expect(pages.map(({ text }) => text)).toEqual([LINES.join(' '), 'Nobody may swim in the basin after sunset.']);
    expect(notes).toEqual([{ code: 'pages-recognised', pages: [1, 2], language: 'eng' }]);
    const [first] = pages[0]?.recognised?.words ?? [];
    expect(first?.text).toBe('The');
    // Where it was drawn: 100 of 1240 pixels from the left, about 160 of the page's from the top.
    expect(first?.box[0]).toBeCloseTo(100 / 1240, 2);
    expect(Math.abs((first?.box[1] ?? 0) * ((1754 * HEIGHT) / 842) - 135)).toBeLessThan(9);
    expect(pages[0]?.recognised?.confidence).toBeGreaterThan(0.8);
    expect(told.filter(({ stage }) => stage === 'looking')).toHaveLength(2);
    // Before a page is drawn, before it is recognised, and when it is done: a page never passes in silence.
    const recognising = told.filter(({ stage }) => stage === 'recognising');
    for (const done of [0, 1]) expect(recognising.filter((each) => each.done === done).length).toBeGreaterThan(1);
    expect(recognising.at(-1)).toMatchObject({ done: 2, total: 2, secondsLeft: 0 });
  });

  it('are left alone when they are more than may be recognised unasked, and it is said how long they would take', async () => {
    const { pages, notes } = await readDocumentFile(at('half.pdf'), { recognition: { mostPages: 0 } });
    expect(pages[0]?.text).toContain('text of its own');
    expect(pages[1]).toEqual({ number: 2, text: '' });
    expect(notes).toEqual([{ code: 'recognition-offered', pages: [2], seconds: 3 }]);
    const two = await readDocumentFile(at('two.pdf'), { recognition: { mostPages: 1 } });
    expect(two.pages.map(({ text }) => text)).toEqual(['', '']);
    // Tried on one page of this machine.
    const [note] = two.notes;
    expect(note).toMatchObject({ code: 'recognition-offered', pages: [1, 2] });
    expect(note?.code === 'recognition-offered' && note.seconds).toBeGreaterThan(0);
  });

  it('are recognised in the language that is asked for', async () => {
    const { pages, notes } = await readDocumentFile(at('german.pdf'), { recognition: { language: 'deu' } });
    expect(pages[0]?.text.replace(/\s+/g, ' ')).toBe(GERMAN.join(' '));
    expect(notes).toEqual([{ code: 'pages-recognised', pages: [1], language: 'deu' }]);
  });

  it('wait while they are paused, and end when they are cancelled', async () => {
    let recognising = 0;
    const job = startJob((control) => {
      const onProgress = ({ stage }: Progress) => {
        if (stage === 'recognising' && recognising++ === 0) job.pause();
      };
      return readDocumentFile(at('two.pdf'), { control, signal: control.signal, onProgress });
    });
    // The page that is under way is finished, the next one is not begun.
    await expect.poll(() => recognising, { timeout: 60_000 }).toBeGreaterThan(2);
    let ended = false;
    job.result.finally(() => (ended = true)).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(ended).toBe(false);
    job.resume();
    expect((await job.result).pages[1]?.text).toContain('swim');
    const controller = new AbortController();
    const onProgress = ({ stage }: Progress) => stage === 'recognising' && controller.abort();
    const reading = readDocumentFile(at('two.pdf'), { signal: controller.signal, onProgress });
    await expect(reading).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('that are too large to be decoded are named', async () => {
    writeFileSync(at('large.png'), largePicture(9000, 9000));
    const draw = (pdf: PDFKit.PDFDocument) => pdf.image(at('large.png'), 0, 0, { width: 595, height: 842 });
    await makePdf(at('large.pdf'), (pdf) => draw(pdf.text('A line.')).addPage().text(' '));
    const { notes } = await readDocumentFile(at('large.pdf'));
    expect(notes).toContainEqual({ code: 'pictures-too-large', pages: [1] });
  });

  it('are all read from a TIFF of several, one that is broken aside, and many are asked about', async () => {
    const tiff = tiffOf([LINES, ['Page two.'], ['Nobody may swim in the basin after sunset.']]);
    writeFileSync(at('three.tiff'), tiff);
    const { pages, notes } = await readDocumentFile(at('three.tiff'));
    expect(pages.map(({ text }) => text)).toEqual([
      LINES.join(' '),
      'Page two.',
      'Nobody may swim in the basin after sunset.',
    ]);
    expect(notes).toEqual([{ code: 'pages-recognised', pages: [1, 2, 3], language: 'eng' }]);
    const asked = await readDocumentFile(at('three.tiff'), { recognition: { mostPages: 2 } });
    expect(asked.notes).toEqual([{ code: 'recognition-offered', pages: [1, 2, 3], seconds: 9 }]);
    // The way of packing that the second picture has is none.
    tiff.writeUInt32LE(64_999, tiff.readUInt32LE(8 + 2 + 9 * 12) + 2 + 3 * 12 + 8);
    writeFileSync(at('three.tiff'), tiff);
    expect((await readDocumentFile(at('three.tiff'))).notes).toContainEqual({ code: 'pages-damaged', pages: [2] });
  });

  it('of a picture file have their language too', async () => {
    writeFileSync(at('german.png'), pictureOf(GERMAN));
    const { pages } = await readDocumentFile(at('german.png'), { recognition: { language: 'deu' } });
    expect(pages[0]?.text.replace(/\s+/g, ' ')).toBe(GERMAN.join(' '));
  });
});

it('the command line refuses a document that is nothing but scans in plain words, and recognises them when it is told to', async () => {
  const refused = await ask([at('two.pdf'), 'Who keeps the key?', '--no-recognise']);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /2 pages of the document are scans.*--recognise.*about 6 seconds.*recognition-needed/s,
  );
  const read = await ask([at('two.pdf'), 'Who keeps the key of the northern gate?', '--recognise', '--json']);
  const { document } = JSON.parse(read.stdout) as { document: { warnings: string[] } };
  expect(document.warnings.join()).toContain('pages 1–2 were recognised');
  expect((await ask([at('two.pdf'), 'Why?', '--language', 'klingon'])).stderr).toMatch(/eng, deu, fra/);
});
