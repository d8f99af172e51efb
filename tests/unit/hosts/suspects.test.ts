/** Who is to blame when hosts are lost. */
import { expect, it } from 'vitest';
import { type Suspect, Suspects } from '../../../engine/hosts/suspects.ts';
import { settled } from './fake-hosts.ts';

const LOST = new Error('the host was lost');
const never = new AbortController().signal;
const suspect = (subject: object = {}): Suspect => ({ subject, losses: 0 });

/** Hosts that are lost when the test says so, with everything that is under way on them. */
class Hosts {
  readonly suspects = new Suspects();
  #host = {};
  #lose = Promise.withResolvers<never>();

  lose(): void {
    const { reject } = this.#lose;
    this.#host = {};
    this.#lose = Promise.withResolvers();
    reject(LOST);
  }

  /** Does work that ends with `end` or with its host. */
  async work(one: Suspect, end: Promise<unknown> = new Promise(() => {}), signal = never): Promise<string> {
    try {
      let host: object | undefined;
      const attempt = () => {
        host = this.#host;
        return Promise.race([end, this.#lose.promise]);
      };
      await this.suspects.attempt(one, { signal }, attempt, (cause) => (cause === LOST ? host : undefined));
      return 'done';
    } catch (cause) {
      return cause === LOST ? 'lost' : 'failed';
    }
  }
}

async function loseTogether(hosts: Hosts, all: readonly Suspect[]): Promise<void> {
  const works = all.map((each) => hosts.work(each));
  await settled();
  hosts.lose();
  await Promise.all(works);
}

it('does alone what was under way at two losses, and blames it for the third', async () => {
  const [hosts, guilty, innocent] = [new Hosts(), suspect(), suspect()];
  await loseTogether(hosts, [guilty, innocent]);
  await loseTogether(hosts, [guilty, innocent]);
  const first = hosts.work(guilty);
  const second = hosts.work(innocent, Promise.resolve());
  await settled();
  hosts.lose();
  expect([await first, await second]).toEqual(['lost', 'done']);
  expect([guilty.losses, innocent.losses]).toEqual([3, 0]);
});

it('does not blame what had company at the third loss', async () => {
  const [hosts, innocent, other] = [new Hosts(), suspect(), suspect()];
  await loseTogether(hosts, [innocent]);
  await loseTogether(hosts, [innocent]);
  await loseTogether(hosts, [innocent, other]);
  expect([innocent.losses, other.losses]).toEqual([2, 1]);
  await loseTogether(hosts, [innocent]);
  expect(innocent.losses).toBe(3);
});

it('counts a host once, however much of a suspect’s was under way on it', async () => {
  const [hosts, one] = [new Hosts(), suspect()];
  await loseTogether(hosts, [one, one]);
  expect(one.losses).toBe(1);
});

it('lets work on the same thing run together', async () => {
  const [hosts, document] = [new Hosts(), {}];
  const [reading, question] = [suspect(document), suspect(document)];
  for (let loss = 0; loss < 2; loss++) await loseTogether(hosts, [reading, question]);
  const end = Promise.withResolvers<void>();
  const works = [hosts.work(reading, end.promise), hosts.work(question, end.promise)];
  await settled();
  end.resolve();
  expect(await Promise.all(works)).toEqual(['done', 'done']);
});

it('waits no longer than until it is cancelled', async () => {
  const [hosts, one, other, controller] = [new Hosts(), suspect(), suspect(), new AbortController()];
  for (let loss = 0; loss < 2; loss++) await loseTogether(hosts, [one, other]);
  void hosts.work(one);
  const waiting = hosts.work(other, undefined, controller.signal);
  await settled();
  controller.abort();
  expect(await waiting).toBe('failed');
  expect(hosts.suspects.isEmpty).toBe(false);
});
