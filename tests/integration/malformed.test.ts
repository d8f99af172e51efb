/** Fifty PDFs broken by a seeded hand: no crash, no hang, and either an error that says so or text. */

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { seededRandom } from '../../engine/generate/sampling.ts';
import { readDocumentFile } from '../../engine/hosts/document-reader.ts';
import { wordsFor } from '../../engine/words/words.ts';
import { ROOT, SAMPLE, temporaryFolder } from './command.ts';

const SHARED = join(ROOT, '../shared/pdfs');
const COUNT = 50;
const LONGEST_MS = 30_000;

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

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

it(`survives ${COUNT} malformed PDFs`, async () => {
  const random = seededRandom(42);
  const sources = originals();
  const outcomes = { read: 0, warned: 0, refused: 0 };
  for (let index = 0; index < COUNT; index++) {
    const path = join(folder, `${index}.pdf`);
    writeFileSync(path, mutate(sources[index % sources.length] ?? Buffer.alloc(0), random));
    const started = performance.now();
    try {
      const document = await readDocumentFile(path);
      expect(document.pages.some((page) => page.text !== '')).toBe(true);
      outcomes[document.notes.length > 0 ? 'warned' : 'read'] += 1;
    } catch (cause) {
      expect(cause).toBeInstanceOf(ProximaError);
      expect(wordsFor(failureOf(cause), 'app').wayOut).not.toBe('');
      outcomes.refused += 1;
    }
    expect(performance.now() - started).toBeLessThan(LONGEST_MS);
  }
  expect(outcomes.read + outcomes.warned + outcomes.refused).toBe(COUNT);
  expect(outcomes.refused).toBeGreaterThan(0);
  expect(outcomes.read + outcomes.warned).toBeGreaterThan(0);
}, 600_000);
