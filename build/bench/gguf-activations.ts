/**
 * What rounding activations to 8 bits, and nothing else, does to the logits of GGUF models: the yardstick for `gguf-peer.ts`, whose peer rounds
 * them too. The same files, engine and weights, with activations as floats and in 8 bits:
 *
 *     python build/model/reader_gguf.py && node build/bench/gguf-activations.ts build/model/work/reader-*.gguf
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { centred, differenceOf, type Expected, largestOf, ourRows } from './gguf-rows.ts';

const temporary = await mkdtemp(join(tmpdir(), 'proxima-gguf-'));
try {
  for (const path of process.argv.slice(2)) {
    const name = basename(path, '.gguf');
    const expected: Expected = JSON.parse(readFileSync(path.replace(/\.gguf$/, '.json'), 'utf8'));
    const rowsOf = async (activations: 'float' | 'int8') => {
      const folder = join(temporary, `${name}-${activations}`);
      await importGguf(path, folder, { activations });
      return (await ourRows(folder, expected, expected.prompt / 2)).map(centred);
    };
    const [exact, rounded] = [await rowsOf('float'), await rowsOf('int8')];
    const pairs = exact.map((row, index) => [rounded[index] ?? new Float64Array(0), row] as const);
    const largest = Math.max(...pairs.map(([one, other]) => differenceOf(one, other)));
    const same = pairs.filter(([one, other]) => largestOf(one) === largestOf(other)).length / pairs.length;
    process.stdout.write(
      `${name}: ${largest.toExponential(1)}, same top token ${(100 * same).toFixed(1)} % of ${pairs.length}\n`,
    );
  }
} finally {
  await rm(temporary, { recursive: true, force: true });
}
process.exit(0);
