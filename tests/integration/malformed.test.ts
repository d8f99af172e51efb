/** Fifty PDFs broken by a seeded hand: no crash, no hang, and either an error that says so or text. */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type Failure, failureOf, ProximaError } from '../../engine/errors.ts';
import { seededRandom } from '../../engine/generate/sampling.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { wordsFor } from '../../engine/words/words.ts';
import { ROOT, SAMPLE, temporaryFolder } from './command.ts';
import { ReaderProcess } from './reader-process.ts';

const SHARED = join(ROOT, '../shared/pdfs');
const COUNT = 50;
const LONGEST_MS = 30_000;

const folder = temporaryFolder();
const reader = new ReaderProcess();
afterAll(() => {
  reader.close();
  rmSync(folder, { recursive: true });
});

function originals(): Buffer[] {
  if (!existsSync(SHARED)) {
    process.stderr.write('../shared/pdfs is absent: only the sample is mutated.\n');
    return [readFileSync(SAMPLE)];
  }
  const small = readdirSync(SHARED).filter((name) => name.endsWith('.pdf') && name !== 'american-adventures.pdf');
  return [readFileSync(SAMPLE), ...small.map((name) => readFileSync(join(SHARED, name)))];
}

/** Flips bytes, cuts the end off, cuts a hole, repeats a piece, or breaks the numbers of the cross-reference table. */
function mutate(original: Buffer, random: () => number): Buffer {
  const at = (length: number) => Math.floor(random() * length);
  const bytes = Buffer.from(original);
  switch (at(5)) {
    case 0: {
      for (let count = 0; count < 200; count++) bytes[at(bytes.length)] = at(256);
      return bytes;
    }
    case 1:
      return bytes.subarray(0, at(bytes.length));
    case 2: {
      const start = at(bytes.length);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + at(4096))]);
    }
    case 3: {
      const start = at(bytes.length);
      return Buffer.concat([bytes.subarray(0, start), bytes.subarray(Math.max(0, start - 4096))]);
    }
    default: {
      const text = bytes.toString('latin1');
      return Buffer.from(
        text.replace(/\d+(?= \d+ R|\s+\/Length)/g, (digits) => (random() < 0.1 ? String(at(9999)) : digits)),
        'latin1',
      );
    }
  }
}

/** What became of a file, in a process that reads all of them, or in one of its own as the app starts it. */
async function outcomeOf(path: string, reader: ReaderProcess | undefined) {
  if (reader) {
    const { outcome, why, text } = await reader.read(path, 'broken.pdf');
    expect(outcome, why).not.toBe('fault');
    // Scans are not recognised there; that they can be is as good as text.
    const said = text || why.includes('recognition-offered');
    return { outcome, text: said, failure: outcome === 'refused' ? (JSON.parse(why) as Failure) : undefined };
  }
  try {
    const { pages, notes } = await readDocumentFile(path);
    return { outcome: notes.length > 0 ? 'warned' : 'read', text: pages.some(({ text }) => text !== '') };
  } catch (cause) {
    expect(cause).toBeInstanceOf(ProximaError);
    return { outcome: 'refused', text: false, failure: failureOf(cause) };
  }
}

it(`survives ${COUNT} malformed PDFs`, async () => {
  const random = seededRandom(42);
  const sources = originals();
  const counts: Record<string, number> = {};
  for (let index = 0; index < COUNT; index++) {
    const path = join(folder, `${index}.pdf`);
    writeFileSync(path, mutate(sources[index % sources.length] ?? Buffer.alloc(0), random));
    const started = performance.now();
    // To start a process for each takes longer than to read it.
    const { outcome, text, failure } = await outcomeOf(path, index % 7 === 0 ? undefined : reader);
    if (failure) expect(wordsFor(failure, 'app').wayOut).not.toBe('');
    else expect(text).toBe(true);
    expect(performance.now() - started).toBeLessThan(LONGEST_MS);
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  }
  const { read = 0, warned = 0, refused = 0 } = counts;
  expect(read + warned + refused).toBe(COUNT);
  expect(refused).toBeGreaterThan(0);
  expect(read + warned).toBeGreaterThan(0);
}, 600_000);
