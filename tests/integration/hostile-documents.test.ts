/**
 * Documents of every format broken by a seeded hand, and files that want to be larger than they are: read, read with a warning, or
 * refused; no crash, no hang, memory within a bound, and nothing written. `PROXIMA_MUTATIONS` says how many are broken.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../engine/generate/sampling.ts';
import { bombs } from './bombs.ts';
import { ROOT, temporaryFolder } from './command.ts';
import { ReaderProcess } from './reader-process.ts';
import type { Told } from './reading-child.ts';

const SET = join(ROOT, 'tests/fixtures/documents');
const COUNT = Number(process.env.PROXIMA_MUTATIONS ?? 300);
const SEED = Number(process.env.PROXIMA_SEED ?? 17);
const MOST_MEBIBYTES = 1536;
/** Pictures are recognised whatever is said, which takes seconds each. */
const PICTURES = /\.(png|tiff)$/;

const folder = temporaryFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Flips bytes, cuts the end off, takes a hole out, repeats a piece, puts zeros in, or breaks numbers. */
function mutate(original: Buffer, random: () => number): Buffer {
  const at = (length: number) => Math.floor(random() * length);
  const bytes = Buffer.from(original);
  const start = at(bytes.length);
  const length = 1 + at(Math.min(4096, bytes.length));
  const ways = [
    () => {
      for (let count = 0; count < 1 + at(100); count++) bytes[at(bytes.length)] = at(256);
      return bytes;
    },
    () => bytes.subarray(0, start),
    () => Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]),
    () => Buffer.concat([bytes.subarray(0, start), bytes.subarray(Math.max(0, start - length))]),
    () => bytes.fill(0, start, Math.min(bytes.length, start + length)),
    () =>
      Buffer.from(
        bytes.toString('latin1').replace(/\d+/g, (digits) => (random() < 0.02 ? String(at(99_999)) : digits)),
        'latin1',
      ),
  ];
  return ways[at(ways.length)]?.() ?? bytes;
}

it(`survives ${COUNT} broken documents of all formats`, async () => {
  const random = seededRandom(SEED);
  const names = readdirSync(SET).filter((name) => name !== 'expected.json' && !PICTURES.test(name));
  const reader = new ReaderProcess();
  const outcomes = { read: 0, warned: 0, refused: 0, fault: 0 };
  const [faults, slowest] = [[] as Told[], { milliseconds: 0, name: '' }];
  let peak = 0;
  for (let index = 0; index < COUNT; index++) {
    const name = names[index % names.length] ?? '';
    const path = join(folder, 'broken');
    writeFileSync(path, mutate(readFileSync(join(SET, name)), random));
    const told = await reader.read(path, name);
    outcomes[told.outcome] += 1;
    peak = Math.max(peak, told.peakMebibytes);
    if (told.milliseconds > slowest.milliseconds) Object.assign(slowest, told);
    if (told.outcome === 'fault' || /ERR_ACCESS|permission/i.test(told.why)) faults.push(told);
    // As each has a process of its own otherwise, none is to pay for the ones before it.
    if (index % 100 === 99) reader.close();
  }
  reader.close();
  process.stdout.write(
    `${COUNT} broken documents: ${JSON.stringify(outcomes)}, at most ${peak} MiB, slowest ${slowest.name} (${Math.round(slowest.milliseconds)} ms).\n`,
  );
  expect(faults).toEqual([]);
  expect(peak).toBeLessThan(MOST_MEBIBYTES);
  expect(Math.min(outcomes.read, outcomes.refused)).toBeGreaterThan(0);
  expect(readdirSync(folder)).toEqual(['broken']);
}, 3_600_000);

/** What each is to become of. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  'bomb.docx': /^refused .*unpacks to over 512 MiB/,
  'bomb.epub': /^refused .*unpacks to over 512 MiB/,
  'laughs.docx': /^refused /,
  'laughs.odt': /^refused .*entities of its own/,
  'laughs.xlsx': /^(refused|read|warned)/,
  'laughs.pptx': /^refused .*entities of its own/,
  'laughs.epub': /^refused .*entities of its own/,
  'laughs.html': /^(refused|read)/,
  '10,000 pages.pdf': /^read /,
  'large.png': /^refused .*30000 × 30000/,
  'large.jpg': /^refused .*30000 × 30000/,
  'large.gif': /^refused .*30000 × 30000/,
  'large.tiff': /^refused .*30000 × 30000/,
  'large.webp': /^refused .*30000 × 30000/,
  'large.pdf': /^refused /,
};

describe('a document that wants to be larger than it is', () => {
  const files = bombs();

  it.each(Object.keys(EXPECTED))('%s', async (name) => {
    const path = join(folder, name);
    writeFileSync(path, files[name] ?? '');
    const reader = new ReaderProcess();
    const told = await reader.read(path, name, 20).finally(() => reader.close());
    process.stdout.write(
      `${name}: ${told.outcome} in ${Math.round(told.milliseconds)} ms, ${told.peakMebibytes} MiB.\n`,
    );
    expect(`${told.outcome} ${told.why}`).toMatch(EXPECTED[name] ?? /./);
    expect(told.peakMebibytes).toBeLessThan(MOST_MEBIBYTES);
  });
});
