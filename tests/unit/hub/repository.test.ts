/** Only what the hub itself would call a repository becomes an address or a folder. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ModelLibrary } from '../../../engine/hub/model-library.ts';
import { isRepository } from '../../../engine/hub/repository.ts';
import { temporaryFolder } from '../../integration/command.ts';

it.each(['onnx-community/Qwen3-0.6B-ONNX', 'HuggingFaceTB/SmolLM2-135M-Instruct', 'a/b', 'A_1/b.c-d'])(
  '%s is one',
  (name) => expect(isRepository(name)).toBe(true),
);

it.each([
  '',
  'gpt2',
  '/',
  'a/',
  '/b',
  'a/b/c',
  'a/..',
  '../b',
  './b',
  'a/.b',
  'a/b.',
  'a/-b',
  'a/b--c',
  'a/b..c',
  'a/b.git',
  'a\\b/c',
  'a/b\n',
  ' a/b',
  'a/%2e%2e',
  `a/${'b'.repeat(97)}`,
  'ä/b',
  'a/b\0',
  'C:/b',
])('%j is none', (name) => expect(isRepository(name)).toBe(false));

it('no two repositories share a folder', () => {
  const library = new ModelLibrary(temporaryFolder());
  const name = fc.stringMatching(/^[ab.-]{1,5}\/[ab.-]{1,5}$/).filter(isRepository);
  fc.assert(
    fc.property(name, name, (one, other) => {
      expect(library.folderFor(one, 'q4') === library.folderFor(other, 'q4')).toBe(one === other);
    }),
  );
});
