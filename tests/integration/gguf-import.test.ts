/** GGUF files on their way into the library: whole or not at all, and what is not understood refused by name. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { ModelLibrary } from '../../engine/hub/model-library.ts';
import { temporaryFolder } from './command.ts';
import { ggufPath } from './gguf.ts';

/** A fixture with a text of it replaced by another of the same length. */
function changed(name: string, from: string, to: string): string {
  const path = join(temporaryFolder(), `${name}.gguf`);
  writeFileSync(path, Buffer.from(readFileSync(ggufPath(name), 'latin1').replaceAll(from, to), 'latin1'));
  return path;
}

/** Where a model was to go, and what else is there now. */
async function refused(path: string, options?: Parameters<typeof importGguf>[2]) {
  const folder = join(temporaryFolder(), 'model');
  const failure = await importGguf(path, folder, options).then(
    () => undefined,
    (cause) => cause,
  );
  expect(readdirSync(dirname(folder))).toEqual([]);
  return failure;
}

describe('refused by name, with nothing left behind', () => {
  it.each([
    ['another architecture', 'qwen2', 'qwen2', 'qwen9', { feature: 'architecture', architecture: 'qwen9' }],
    [
      'a key that is not understood',
      'qwen3',
      'qwen3.rope.freq_base',
      'qwen3.rope.freq_bass',
      { feature: 'key', key: 'qwen3.rope.freq_bass', value: '10000' },
    ],
    [
      'a kind of scaling that is not known',
      'llama-yarn',
      'yarn',
      'yawn',
      { feature: 'key', key: 'llama.rope.scaling.type', value: 'yawn' },
    ],
    [
      'a tensor that has no place',
      'llama-llama3',
      'rope_freqs.weight',
      'rope_frogs.weight',
      { feature: 'tensor', tensor: 'rope_frogs.weight' },
    ],
    ['a tokenizer that is not known', 'qwen3', 'gpt2', 'gpt9', { feature: 'tokenizer', tokenizer: 'gpt9' }],
    ['a cut that is not known', 'llama-f32', 'qwen2', 'qwen7', { feature: 'tokenizer', tokenizer: 'gpt2 (qwen7)' }],
  ])('%s', async (_title, name, from, to, detail) => {
    expect(await refused(changed(name, from, to))).toMatchObject({ code: 'gguf-unsupported', detail });
  });

  it('a type of tensor that can not be held', async () => {
    const bytes = readFileSync(ggufPath('llama-q4_0'));
    // Name, two dimensions and their count stand in front of the type: Q4_0 becomes Q2_K.
    bytes.writeUInt32LE(10, bytes.indexOf('blk.1.ffn_up.weight') + 'blk.1.ffn_up.weight'.length + 4 + 16);
    const path = join(temporaryFolder(), 'q2.gguf');
    writeFileSync(path, bytes);
    const detail = { feature: 'tensor type', tensor: 'blk.1.ffn_up.weight', type: 'Q2_K' };
    expect(await refused(path)).toMatchObject({ code: 'gguf-unsupported', detail });
  });

  it('a file that was not fetched to its end', async () => {
    const path = join(temporaryFolder(), 'half.gguf');
    const bytes = readFileSync(ggufPath('llama-q8_0'));
    writeFileSync(path, bytes.subarray(0, bytes.length - 100));
    expect(await refused(path)).toMatchObject({ code: 'gguf-damaged', detail: { file: 'half.gguf' } });
  });

  it('a disk without room, with the numbers', async () => {
    const failure = await refused(ggufPath('llama-q8_0'), { freeBytes: async () => 1000 });
    expect(failure).toMatchObject({ code: 'storage-full', detail: { freeBytes: 1000 } });
    expect(failure.detail.neededBytes).toBeGreaterThan(50_000);
  });

  it('what was stopped in the middle', async () => {
    const abort = new AbortController();
    const seen: number[] = [];
    const onProgress = (done: number) => {
      seen.push(done);
      if (seen.length === 3) abort.abort();
    };
    expect(await refused(ggufPath('llama-q8_0'), { signal: abort.signal, onProgress })).toMatchObject({
      code: 'cancelled',
    });
    expect(seen).toHaveLength(3);
  });
});

describe('in the library', () => {
  it('becomes a model of its own, in a folder of its own each time, and goes with it', async () => {
    const library = new ModelLibrary(temporaryFolder());
    const first = await library.importGguf(ggufPath('gemma3'));
    const second = await library.importGguf(ggufPath('gemma3'));
    expect([first.name, second.name]).toEqual(['gemma3', 'gemma3-2']);
    expect(first).toMatchObject({ own: true, assessment: { verdict: 'supported without PoD', facts: { layers: 6 } } });
    await library.remove(first.name);
    expect(existsSync(first.folder)).toBe(false);
    expect((await library.list()).map(({ folder }) => basename(folder))).toEqual(['gemma3-2']);
  });
});
