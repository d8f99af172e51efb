/** Work that takes a while: it can be paused and cancelled, and it always settles. */
import { ProximaError } from '../errors.ts';

export interface Job<Result> {
  /** Settles in any case, and at once when it is cancelled, whatever the work is waiting for. */
  readonly result: Promise<Result>;
  pause(): void;
  resume(): void;
  /** `result` rejects with `cancelled`, unless it has settled. */
  cancel(): void;
}

/** What the work sees of its job. */
export interface JobControl {
  readonly signal: AbortSignal;
  readonly paused: boolean;
  /** Resolves as soon as the job isn't paused. Rejects with `cancelled`. */
  whenResumed(): Promise<void>;
  /** Hears of pausing and resuming until what it returns is called; for work that passes them on. */
  onPause(listener: (paused: boolean) => void): () => void;
}

/**
 * Begins the work. Cancelled work may end later than its job does: it watches `signal`, and frees what it holds by itself.
 * discard: is given a result that came too late, so that nothing is lost that must be freed.
 */
export function startJob<Result>(
  work: (control: JobControl) => Promise<Result>,
  discard: (result: Result) => void = () => {},
): Job<Result> {
  const controller = new AbortController();
  const pauses = new EventTarget();
  let paused = false;
  let settled = false;
  const { promise: result, resolve, reject } = Promise.withResolvers<Result>();
  const settle = (end: () => void) => {
    if (!settled) end();
    settled = true;
  };
  const setPaused = (wanted: boolean) => {
    if (settled || paused === wanted) return;
    paused = wanted;
    pauses.dispatchEvent(new Event('change'));
  };
  const control: JobControl = {
    signal: controller.signal,
    get paused() {
      return paused;
    },
    whenResumed: async () => {
      while (paused) await untilAborted(nextEvent(pauses), controller.signal);
    },
    onPause: (listener) => {
      const hear = () => listener(paused);
      pauses.addEventListener('change', hear);
      return () => pauses.removeEventListener('change', hear);
    },
  };
  Promise.resolve()
    .then(() => work(control))
    .then(
      (value) => (settled ? discard(value) : settle(() => resolve(value))),
      (cause) => settle(() => reject(cause)),
    );
  result.catch(() => {}); // Whoever doesn't look at the result is not to bring the process down.
  return {
    result,
    pause: () => setPaused(true),
    resume: () => setPaused(false),
    cancel: () =>
      settle(() => {
        reject(new ProximaError('cancelled'));
        controller.abort();
      }),
  };
}

function nextEvent(target: EventTarget): Promise<void> {
  return new Promise((resolve) => target.addEventListener('change', () => resolve(), { once: true }));
}

/** The promise, or `cancelled` as soon as the signal fires. */
export function untilAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise<Result>((resolve, reject) => {
    const abort = () => reject(new ProximaError('cancelled'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** A job that could not begin. */
export function failedJob<Result>(cause: ProximaError): Job<Result> {
  return startJob(() => Promise.reject(cause));
}

/** Cancels the job when the signal fires. */
export function cancelledBy<Result>(job: Job<Result>, signal: AbortSignal): Job<Result> {
  const cancel = () => job.cancel();
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  job.result.catch(() => {}).finally(() => signal.removeEventListener('abort', cancel));
  return job;
}

/** Passes pauses and cancelling on to the job that does the work. */
export function delegate<Result>(control: JobControl, job: Job<Result>): Promise<Result> {
  if (control.paused) job.pause();
  const stop = control.onPause((paused) => (paused ? job.pause() : job.resume()));
  job.result.catch(() => {}).finally(stop); // The job that hands on may outlive many of these.
  return cancelledBy(job, control.signal).result;
}
