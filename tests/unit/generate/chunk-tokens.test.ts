import { describe, expect, it } from 'vitest';
import { chunkTokensFor } from '../../../engine/generate/chunk-tokens.ts';

const GIBIBYTE = 2 ** 30;
const roomy = { largestBufferBytes: Number.POSITIVE_INFINITY, availableBytes: 8 * GIBIBYTE, scratchBytes: () => 0 };

describe('tokens a chunk', () => {
  it('are more for wide models, and on devices', () => {
    expect(chunkTokensFor({ ...roomy, width: 256 })).toBe(256);
    expect(chunkTokensFor({ ...roomy, width: 1024 })).toBe(512);
    expect(chunkTokensFor({ ...roomy, width: 256, largestBufferBytes: GIBIBYTE })).toBe(512);
  });

  it('are halved until the device binds an activation of them', () => {
    // 1,024 wide, activations up to 8 times that, 4 bytes: 32 KiB a token.
    expect(chunkTokensFor({ ...roomy, width: 1024, largestBufferBytes: 2 ** 23 })).toBe(256);
    expect(chunkTokensFor({ ...roomy, width: 1024, largestBufferBytes: 1 })).toBe(64);
  });

  it('are halved where memory is short', () => {
    const scratchBytes = (tokens: number) => tokens * 2 ** 20;
    expect(chunkTokensFor({ ...roomy, width: 1024, scratchBytes, availableBytes: 2 ** 30 })).toBe(256);
  });
});
