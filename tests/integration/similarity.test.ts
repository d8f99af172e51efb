/** The engine's similarity of layers against `transformers`' own attention on the same weights (`parity_fixtures.py --similarity`). */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CpuAttention } from '../../engine/backends/cpu/attention.ts';
import { CpuLayers } from '../../engine/backends/cpu/layers.ts';
import { AttentionProbe } from '../../engine/explore/attention-probe.ts';
import { measureSimilarity } from '../../engine/explore/similarity.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { ROOT } from './command.ts';
import { cacheFor, openDecoder } from './decoder.ts';

const FIXTURES = join(ROOT, 'tests/fixtures/parity');
const MOST_ERROR = 1e-3;

interface Expected {
  readonly queries: number;
  readonly sinks: number;
  readonly recent: number;
  /** [KV heads][layers][layers] */
  readonly similarity: number[][][];
}

const names = readdirSync(FIXTURES).filter((name) => existsSync(join(FIXTURES, name, 'similarity.json')));

it('has fixtures', () => expect(names.length).toBeGreaterThanOrEqual(3));

it.each(names)('%s', async (name) => {
  const read = (file: string) => JSON.parse(readFileSync(join(FIXTURES, name, file), 'utf8'));
  const { similarity, ...options }: Expected = read('similarity.json');
  const runtime = createCpuRuntime({ threads: 1 });
  const probe = new AttentionProbe(new CpuAttention(runtime));
  const decoder = await openDecoder(join(FIXTURES, name), {
    ...runtime,
    createLayers: (cut, tables) => new CpuLayers(cut.attention, tables, runtime, probe),
  });
  const { ids } = read('expected.json');
  const cache = cacheFor(decoder, undefined, undefined, ids.length);
  const found = await measureSimilarity(decoder, cache, probe, ids, options);
  await decoder.close();
  const [actual, wanted] = [found.flat(2), similarity.flat(2)];
  expect(actual).toHaveLength(wanted.length);
  expect(Math.max(...actual.map((each, index) => Math.abs(each - (wanted[index] ?? 0))))).toBeLessThan(MOST_ERROR);
  // Layers of random weights are neither the same nor strangers: a constant would not pass.
  expect(Math.max(...wanted) - Math.min(...wanted)).toBeGreaterThan(0.01);
});
