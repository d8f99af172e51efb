/**
 * Shares a device that does one thing at a time. Work enters with a rank and takes its steps one by one; the highest rank that
 * wants the device has it, also between two of its steps. So a question (high) is answered between two chunks of a document,
 * and of two documents the first is read to its end before the second begins, unless it is paused.
 */
import { ProximaError } from '../errors.ts';

export interface Place {
  /** Does one step as soon as it is this place's turn. Rejects with `cancelled`, at once, when the signal fires before that. */
  step<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
  /** Lets others go first until `resume`. */
  rest(): void;
  resume(): void;
  leave(): void;
}

interface Entry {
  readonly rank: number;
  wants: boolean;
  admit: (() => void) | undefined;
}

export class DeviceQueue {
  /** In the order of their coming. */
  readonly #entries: Entry[] = [];
  #busy = false;

  enter(rank: number): Place {
    const entry: Entry = { rank, wants: true, admit: undefined };
    this.#entries.push(entry);
    const setWants = (wants: boolean) => {
      entry.wants = wants;
      this.#admitNext();
    };
    return {
      step: (signal, work) => this.#step(entry, signal, work),
      rest: () => setWants(false),
      resume: () => setWants(true),
      leave: () => {
        this.#entries.splice(this.#entries.indexOf(entry), 1);
        this.#admitNext();
      },
    };
  }

  async #step<Result>(entry: Entry, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    await this.#admission(entry, signal);
    try {
      return await work();
    } finally {
      this.#busy = false;
      this.#admitNext();
    }
  }

  #admission(entry: Entry, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        entry.admit = undefined;
        reject(new ProximaError('cancelled'));
      };
      if (signal.aborted) {
        leave();
        return;
      }
      signal.addEventListener('abort', leave, { once: true });
      entry.admit = () => {
        signal.removeEventListener('abort', leave);
        entry.admit = undefined;
        this.#busy = true;
        resolve();
      };
      this.#admitNext();
    });
  }

  #admitNext(): void {
    if (this.#busy) return;
    const wanting = this.#entries.filter(({ wants }) => wants);
    const highest = Math.max(...wanting.map(({ rank }) => rank));
    wanting.find(({ rank }) => rank === highest)?.admit?.();
  }
}
