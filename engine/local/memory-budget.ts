/**
 * How much memory a reading may take, reckoned when it begins: what is free now, less what other readings have been promised and
 * not yet taken.
 */

/** A reading's share: what was promised to it, and what it has taken of that. */
export interface Share {
  /** Bytes of cache and scratch while it is read; 0 afterwards. */
  promised(): number;
  taken(): number;
}

export class MemoryBudget {
  readonly #freeBytes: () => number;
  readonly #shares = new Set<Share>();

  /** freeBytes: what the system tells now. */
  constructor(freeBytes: () => number) {
    this.#freeBytes = freeBytes;
  }

  /** Bytes that a new reading may take. limit: what all may take together, where the reader set one. */
  available(limit: number | undefined): number {
    const shares = [...this.#shares];
    const outstanding = shares.reduce((sum, share) => sum + Math.max(0, share.promised() - share.taken()), 0);
    const held = shares.reduce((sum, share) => sum + Math.max(share.promised(), share.taken()), 0);
    const free = this.#freeBytes() - outstanding;
    return Math.max(0, limit === undefined ? free : Math.min(free, limit - held));
  }

  /** Counts a reading from now on; the result takes it out again. */
  add(share: Share): () => void {
    this.#shares.add(share);
    return () => this.#shares.delete(share);
  }
}
