/**
 * Tells which work takes hosts down. When a host is lost, everything that was under way on it is under suspicion, and is done once
 * more. What was under way at two losses is done alone from then on: if a host is lost again, it is to blame, and nothing else is.
 */
import { type JobControl, untilAborted } from '../jobs/job.ts';

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
  readonly works: Set<symbol>;
  readonly ended: PromiseWithResolvers<void>;
}

/** What of its job an attempt goes by; without more than a signal it is never paused. */
export type AttemptControl = Pick<JobControl, 'signal'> & Partial<Pick<JobControl, 'onPause' | 'paused'>>;

interface Attempt {
  readonly subject: object;
  /** While it is paused it does nothing on the host: it is nobody's company, and can't be to blame. */
  paused: boolean;
  /** Hears of pauses no more. */
  forget(): void;
}

export class Suspects {
  readonly #attempts = new Set<Attempt>();
  /** The subject that is worked on alone: other suspects wait for its end. */
  #alone: Turn | undefined;
  /** The host that a suspect was last lost with: several attempts on one host are one loss. */
  readonly #lostWith = new WeakMap<Suspect, object>();
  /** What was worked on when a host was lost. */
  readonly #subjects = new WeakMap<object, ReadonlySet<object>>();

  /** Whether nothing is under way that isn't paused. */
  get isEmpty(): boolean {
    return this.#underWay.length === 0;
  }

  /**
   * Makes an attempt. Rejects as the work does, or with `cancelled` while it waits for its turn.
   * lostHost: the host that a failure says was lost, if any; it is counted unless it may be another suspect's fault.
   */
  async attempt<Result>(
    suspect: Suspect,
    control: AttemptControl,
    work: () => Promise<Result>,
    lostHost: (cause: unknown) => object | undefined,
  ): Promise<Result> {
    const leave = await this.#enter(suspect, control.signal);
    const attempt = this.#begin(suspect.subject, leave, control);
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
      attempt.forget();
      leave();
    }
  }

  #count(suspect: Suspect, host: object, { subject, paused }: Attempt): void {
    // The first to say that a host was lost says it before anything else that was under way on it has ended.
    const subjects = this.#subjects.get(host) ?? new Set(this.#underWay.map((each) => each.subject));
    this.#subjects.set(host, subjects);
    if (paused || this.#lostWith.get(suspect) === host) return;
    this.#lostWith.set(suspect, host);
    const isAccompanied = [...subjects].some((each) => each !== subject);
    if (suspect.losses < MOST_LOSSES - 1 || !isAccompanied) suspect.losses++;
  }

  #begin(subject: object, leave: () => void, { onPause, paused: isPaused = false }: AttemptControl): Attempt {
    const attempt: Attempt = { subject, paused: isPaused, forget: () => {} };
    this.#attempts.add(attempt);
    const follow = (paused: boolean) => {
      attempt.paused = paused;
      if (paused) leave(); // Nobody waits for what goes on when a person wants it to.
    };
    follow(isPaused);
    attempt.forget = onPause?.(follow) ?? attempt.forget;
    return attempt;
  }

  get #underWay(): Attempt[] {
    return [...this.#attempts].filter(({ paused }) => !paused);
  }

  /** Waits for its turn where it is to be done alone. Returns what ends the turn, once. */
  async #enter(suspect: Suspect, signal: AbortSignal): Promise<() => void> {
    const { subject } = suspect;
    while (suspect.losses >= MOST_LOSSES - 1) {
      this.#alone ??= { subject, works: new Set(), ended: Promise.withResolvers() };
      const turn = this.#alone;
      if (turn.subject === subject) {
        const work = Symbol();
        turn.works.add(work);
        return () => this.#leave(turn, work);
      }
      await untilAborted(turn.ended.promise, signal);
    }
    return () => {};
  }

  #leave(turn: Turn, work: symbol): void {
    turn.works.delete(work);
    if (turn.works.size > 0) return;
    if (this.#alone === turn) this.#alone = undefined;
    turn.ended.resolve();
  }
}
