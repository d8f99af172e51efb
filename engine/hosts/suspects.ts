/**
 * Tells which work takes hosts down. When a host is lost, everything that was under way on it is under suspicion, and is done once
 * more. What was under way at two losses is done alone from then on: if a host is lost again, it is to blame, and nothing else is.
 */
import { untilAborted } from '../jobs/job.ts';

/** A piece of work, through all its attempts. */
export interface Suspect {
  /** What is worked on. Work on the same thing runs together, and isn't told apart. */
  readonly subject: object;
  /** Hosts in a row that were lost with it. */
  losses: number;
}

/** Losses after which it is given up. */
export const MOST_LOSSES = 3;

interface Turn {
  readonly subject: object;
  works: number;
  readonly ended: PromiseWithResolvers<void>;
}

interface Attempt {
  readonly subject: object;
  accompanied: boolean;
}

export class Suspects {
  readonly #attempts = new Set<Attempt>();
  /** The subject that is worked on alone: other suspects wait for its end. */
  #alone: Turn | undefined;
  /** The host that a suspect was last lost with: several attempts on one host are one loss. */
  readonly #lostWith = new WeakMap<Suspect, object>();

  /** Whether nothing is under way. */
  get isEmpty(): boolean {
    return this.#attempts.size === 0;
  }

  /**
   * Makes an attempt. Rejects as the work does, or with `cancelled` while it waits for its turn.
   * lostHost: the host that a failure says was lost, if any; it is counted unless it may be another suspect's fault.
   */
  async attempt<Result>(
    suspect: Suspect,
    signal: AbortSignal,
    work: () => Promise<Result>,
    lostHost: (cause: unknown) => object | undefined,
  ): Promise<Result> {
    const leave = await this.#enter(suspect, signal);
    const attempt = this.#begin(suspect.subject);
    try {
      const result = await work();
      suspect.losses = 0;
      return result;
    } catch (cause) {
      const host = lostHost(cause);
      if (host) this.#count(suspect, host, attempt);
      throw cause;
    } finally {
      this.#attempts.delete(attempt);
      leave();
    }
  }

  #count(suspect: Suspect, host: object, { accompanied }: Attempt): void {
    if (this.#lostWith.get(suspect) === host) return;
    this.#lostWith.set(suspect, host);
    if (suspect.losses < MOST_LOSSES - 1 || !accompanied) suspect.losses++;
  }

  #begin(subject: object): Attempt {
    const others = [...this.#attempts].filter((each) => each.subject !== subject);
    for (const each of others) each.accompanied = true;
    const attempt = { subject, accompanied: others.length > 0 };
    this.#attempts.add(attempt);
    return attempt;
  }

  /** Waits for its turn where it is to be done alone. Returns what ends the turn. */
  async #enter(suspect: Suspect, signal: AbortSignal): Promise<() => void> {
    const { subject } = suspect;
    while (suspect.losses >= MOST_LOSSES - 1) {
      this.#alone ??= { subject, works: 0, ended: Promise.withResolvers() };
      const turn = this.#alone;
      if (turn.subject === subject) {
        turn.works++;
        return () => this.#leave(turn);
      }
      await untilAborted(turn.ended.promise, signal);
    }
    return () => {};
  }

  #leave(turn: Turn): void {
    if (--turn.works > 0) return;
    if (this.#alone === turn) this.#alone = undefined;
    turn.ended.resolve();
  }
}
