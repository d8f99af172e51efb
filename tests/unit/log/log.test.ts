/** The log as processes write it: stacks are there when they end, files stay small, and nothing private is in it. */
import { type ChildProcess, fork } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EngineState } from '../../../electron/contract.ts';
import { createReport } from '../../../electron/services/report.ts';
import { ProximaError } from '../../../engine/errors.ts';
import { hideFromLog, log, startLog } from '../../../engine/log/log.ts';
import { temporaryFolder } from '../../integration/command.ts';

const data = temporaryFolder();
const folder = join(data, 'logs');
const MOST_BYTES = 4096;
const text = (name: string) => readFileSync(join(folder, name), 'utf8');
const model = { name: 'reader', runtime: 'cpu (2 threads)', layers: 8, contextTokens: 65_536, weightBytes: 16 };
const engine: EngineState = { state: 'ready', model, plans: [], failure: null };

beforeAll(() => startLog({ program: 'app', folder, dataFolder: data, mostBytes: MOST_BYTES }));
afterAll(() => {
  process.removeAllListeners('uncaughtExceptionMonitor');
});

const ended = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve));

describe('the log', () => {
  it.each([
    ['throw', 'uncaughtException'],
    ['reject', 'unhandledRejection'],
  ])('has the stack of a process that ends by a %s, although nobody reads what it prints', async (way, origin) => {
    const child = fork(join(import.meta.dirname, 'crash.ts'), [way], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    expect(await ended(child)).not.toBe(0);
    const entry = new RegExp(
      `\\[error\\] \\(${child.pid}\\) ${origin}: Error: the kernel … failed\\n\\s+at (Timeout\\.)?failDeepInside`,
    );
    expect(text('engine.log')).toMatch(entry);
    expect(text('engine.log')).toMatch(new RegExp(`\\[info\\]\\s+\\(${child.pid}\\) ready`));
    expect(text('engine.log')).not.toContain('text of a document');
  });

  it('has no home, no data folder and no token', () => {
    hideFromLog('token-of-this-run');
    log.error(`at ${homedir()}/x with token-of-this-run`, new Error(`${data}/models/a is gone`));
    expect(text('app.log')).toContain('at ~/x with <secret>: Error: <data folder>/models/a is gone');
    for (const hidden of [`${homedir()}/`, data, 'token-of-this-run']) expect(text('app.log')).not.toContain(hidden);
  });

  it('rotates, and what is kept stays small', () => {
    for (let line = 0; line < 400; line++) log.info(`line ${line} ${'x'.repeat(80)}`);
    const files = readdirSync(folder).filter((name) => name.startsWith('app'));
    expect(files.sort()).toEqual(['app.1.log', 'app.2.log', 'app.3.log', 'app.log']);
    for (const name of files) expect(statSync(join(folder, name)).size).toBeLessThan(MOST_BYTES + 300);
    expect(text('app.log')).toContain('line 399 ');
  });

  it('leaves out what is below its level', () => {
    log.debug('not this');
    expect(text('app.log')).not.toContain('not this');
  });
});

describe('the report', () => {
  it('gives versions, machine, runtime and the last errors with their stacks', () => {
    log.error('the call read failed', new ProximaError('engine-lost', { reason: `it lay in ${homedir()}/x` }));
    const report = createReport({ logFolder: folder, engine });
    expect(report).toMatch(/^Proxima \d+\.\d+\.\d+ \(serve mode, Node \d+\./);
    expect(report).toContain('runtime cpu (2 threads)');
    expect(report).toMatch(
      /app \[.*\[error\] \(\d+\) the call read failed: engine-lost \(reason it lay in ~\/x\)\n\s+at /,
    );
    expect(report).toMatch(/engine \[.*unhandledRejection: Error: the kernel … failed\n\s+at failDeepInside/);
    expect(report).not.toContain('[info]');
    expect(report).not.toContain(`${homedir()}/`);
  });

  it('says so where there is no log', () => {
    expect(createReport({ logFolder: join(folder, 'none'), engine })).toContain('Last errors:\nnone\n');
  });
});
