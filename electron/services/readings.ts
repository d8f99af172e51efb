/** Which documents the engine holds, under which policy; reads them when they are needed and lets the oldest go for room. */

import type { MemoryUse } from '../../engine/engine.ts';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { PauseSwitch } from '../../engine/hosts/client.ts';
import type { Measured, OpenedReading } from '../../engine/hosts/protocol.ts';
import type { ResilientEngine } from '../../engine/hosts/resilient-engine.ts';
import type { PolicyName, ReadingState, Settings } from '../contract.ts';

/** A document in the engine's memory. */
export interface HeldReading {
  readonly document: string;
  readonly policy: PolicyName;
  /** Its number in the engine. */
  readonly number: number;
  readonly pages: { readonly first: number; readonly last: number } | null;
  readonly pagesRead: number;
  readonly tokens: number;
  memory: MemoryUse;
}

export interface ReadingsParts {
  /** Rejects where the engine did not start. */
  readonly engine: () => Promise<ResilientEngine>;
  /** Resolves when the document's text has been taken out. */
  readonly pagesOf: (document: string) => Promise<readonly { number: number; text: string }[]>;
  readonly settings: () => Settings;
  /** The policy that holds where none is asked for. */
  readonly usualPolicy: () => PolicyName;
  readonly onChange: (document: string) => void;
}

interface UnderWay {
  readonly controller: AbortController;
  readonly pause: PauseSwitch;
  readonly opened: Promise<HeldReading>;
}

const MEBIBYTE = 2 ** 20;
const NONE: ReadingState = {
  state: 'none',
  policy: null,
  done: 0,
  total: 0,
  seconds: 0,
  page: 0,
  pages: null,
  memory: null,
  scratchBytes: 0,
  failure: null,
};

const keyOf = (document: string, policy: PolicyName) => `${document}:${policy}`;

export class Readings {
  readonly #parts: ReadingsParts;
  readonly #states = new Map<string, ReadingState>();
  readonly #ranges = new Map<string, { first: number; last: number }>();
  /** By document and policy, least recently used first. */
  readonly #held = new Map<string, HeldReading>();
  readonly #underWay = new Map<string, UnderWay>();

  constructor(parts: ReadingsParts) {
    this.#parts = parts;
  }

  /** How the usual reading of a document stands. */
  stateOf(document: string): ReadingState {
    return this.#states.get(document) ?? NONE;
  }

  /** Reads a document anew, under another policy or other pages than before. */
  async read(document: string, policy: PolicyName, pages: { first: number; last: number } | undefined): Promise<void> {
    await this.letGo(document);
    if (pages) this.#ranges.set(document, pages);
    else this.#ranges.delete(document);
    await this.need(document, policy);
  }

  /** The document in memory; read first where it is not. Rejects with what the engine rejects with. */
  need(document: string, policy: PolicyName, onProgress?: (done: number, total: number) => void): Promise<HeldReading> {
    const key = keyOf(document, policy);
    const held = this.#held.get(key);
    if (held) {
      this.#held.delete(key);
      this.#held.set(key, held);
      return Promise.resolve(held);
    }
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay.opened;
    return this.#begin(document, policy, onProgress);
  }

  pause(document: string, paused: boolean): void {
    for (const [key, { pause }] of this.#underWay) if (key.startsWith(document)) pause.set(paused);
    const state = this.stateOf(document);
    if (state.state === 'reading' || state.state === 'paused' || state.state === 'waiting')
      this.#set(document, { ...state, state: paused ? 'paused' : 'reading' });
  }

  cancel(document: string): void {
    for (const [key, { controller }] of this.#underWay) if (key.startsWith(document)) controller.abort();
  }

  /** Frees what the engine holds of a document. */
  async letGo(document: string): Promise<void> {
    const opened = [...this.#underWay].filter(([key]) => key.startsWith(document)).map(([, each]) => each.opened);
    this.cancel(document);
    await Promise.allSettled(opened);
    for (const held of [...this.#held.values()]) if (held.document === document) await this.#release(held);
    this.#states.delete(document);
    this.#parts.onChange(document);
  }

  /** Forgets everything, because the engine that held it is no more. */
  forgetAll(): void {
    for (const { controller } of this.#underWay.values()) controller.abort();
    const documents = [...this.#states.keys()];
    this.#held.clear();
    this.#states.clear();
    for (const document of documents) this.#parts.onChange(document);
  }

  /** The engine reads again what it had lost. */
  readAgain(number: number, done: number, total: number, seconds: number): void {
    const held = [...this.#held.values()].find((each) => each.number === number);
    if (!held || held.policy !== this.stateOf(held.document).policy) return;
    const state = done < total ? 'reading' : 'read';
    this.#set(held.document, { ...this.stateOf(held.document), state, done, total, seconds });
  }

  async measure(document: string): Promise<Measured> {
    const engine = await this.#parts.engine();
    return engine.measure({ pages: [...(await this.#parts.pagesOf(document))], ...this.#options() });
  }

  #begin(
    document: string,
    policy: PolicyName,
    onProgress: ((done: number, total: number) => void) | undefined,
  ): Promise<HeldReading> {
    const key = keyOf(document, policy);
    const controller = new AbortController();
    const pause = new PauseSwitch();
    const usual = policy === this.#parts.usualPolicy();
    const pages = this.#ranges.get(document) ?? null;
    if (usual) this.#set(document, { ...NONE, state: 'waiting', policy, pages });
    const opened = this.#open(document, policy, { controller, pause, usual, onProgress }).finally(() =>
      this.#underWay.delete(key),
    );
    this.#underWay.set(key, { controller, pause, opened });
    opened.catch((cause) => usual && this.#failed(document, cause));
    return opened;
  }

  async #open(
    document: string,
    policy: PolicyName,
    {
      controller,
      pause,
      usual,
      onProgress,
    }: Omit<UnderWay, 'opened'> & { usual: boolean; onProgress: ((done: number, total: number) => void) | undefined },
  ): Promise<HeldReading> {
    const range = this.#ranges.get(document) ?? null;
    const all = await this.#parts.pagesOf(document);
    const pages = all.filter(({ number }) => !range || (number >= range.first && number <= range.last));
    const engine = await this.#parts.engine();
    const opened = await this.#makingRoom(() =>
      engine.open(
        { pages, policy, ...this.#options() },
        {
          signal: controller.signal,
          pause,
          onProgress: ({ done, total, seconds, page = 0 }) => {
            onProgress?.(done, total);
            const state = pause.paused ? 'paused' : 'reading';
            if (usual) this.#set(document, { ...this.stateOf(document), state, done, total, seconds, page });
          },
          onMemory: (memory) => usual && this.#set(document, { ...this.stateOf(document), memory }),
        },
      ),
    );
    return this.#keep(document, policy, range, pages.length, usual, opened);
  }

  #keep(
    document: string,
    policy: PolicyName,
    pages: HeldReading['pages'],
    pagesRead: number,
    usual: boolean,
    opened: OpenedReading & { document: number },
  ): HeldReading {
    const { tokens, memory, scratchBytes, seconds } = opened;
    const held = { document, policy, number: opened.document, pages, pagesRead, tokens, memory };
    this.#held.set(keyOf(document, policy), held);
    if (usual) {
      const progress = { done: tokens, total: tokens, seconds };
      this.#set(document, { ...this.stateOf(document), state: 'read', ...progress, memory, scratchBytes });
    }
    return held;
  }

  /** As long as memory is short and another document is held, the one that rested longest is let go. */
  async #makingRoom<Result>(work: () => Promise<Result>): Promise<Result> {
    for (;;) {
      try {
        return await work();
      } catch (cause) {
        const [oldest] = this.#held.values();
        if (!(cause instanceof ProximaError) || cause.code !== 'memory-too-small' || !oldest) throw cause;
        await this.#release(oldest);
      }
    }
  }

  async #release(held: HeldReading): Promise<void> {
    this.#held.delete(keyOf(held.document, held.policy));
    if (this.stateOf(held.document).policy === held.policy) this.#set(held.document, NONE);
    const engine = await this.#parts.engine();
    await engine.close(held.number).catch(() => {}); // The engine that held it may have gone meanwhile.
  }

  #options(): { sinks?: number; recent?: number; availableBytes?: number } {
    const { sinks, recent, memoryMebibytes } = this.#parts.settings();
    const taken = [...this.#held.values()].reduce((sum, { memory }) => sum + memory.bytes, 0);
    return {
      ...(sinks === null ? {} : { sinks }),
      ...(recent === null ? {} : { recent }),
      ...(memoryMebibytes === null ? {} : { availableBytes: Math.max(1, memoryMebibytes * MEBIBYTE - taken) }),
    };
  }

  #failed(document: string, cause: unknown): void {
    const failure = failureOf(cause);
    if (failure.code === 'cancelled') this.#set(document, NONE);
    else {
      const unfit = failure.code === 'memory-too-small' || failure.code === 'document-too-long';
      this.#set(document, { ...this.stateOf(document), state: unfit ? 'unfit' : 'failed', failure });
    }
  }

  #set(document: string, state: ReadingState): void {
    this.#states.set(document, state);
    this.#parts.onChange(document);
  }
}
