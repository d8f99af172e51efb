/** What helps to find a fault, as text that the reader can copy and send: versions, machine, and the last errors with their stacks. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { errorOf } from '../../engine/errors.ts';
import { describe } from '../../engine/log/description.ts';
import { redacted } from '../../engine/log/log.ts';
import manifest from '../../package.json' with { type: 'json' };
import type { EngineState } from '../contract.ts';

export interface ReportParts {
  readonly logFolder: string;
  readonly engine: EngineState;
}

const MOST_ERRORS = 20;
const ENTRY = /^\[(\d{4}-\d\d-\d\d [\d:.]+)\] \[(\w+)\] /;

export function createReport({ logFolder, engine }: ReportParts): string {
  const { node, electron, chrome } = process.versions;
  const shell = electron ? `Electron ${electron}, Chromium ${chrome}` : 'serve mode';
  const lines = [
    `Proxima ${manifest.version} (${shell}, Node ${node})`,
    `${process.platform} ${release()} ${process.arch}, ${cpus()[0]?.model ?? 'unknown processor'} × ${cpus().length}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Engine: ${engine.state}, runtime ${engine.model?.runtime ?? 'none'}`,
    ...(engine.failure ? [`Failure: ${describe(errorOf(engine.failure)).split('\n')[0]}`] : []),
    '',
    'Last errors:',
    ...lastErrors(logFolder),
  ];
  return `${redacted(lines.join('\n'))}\n`;
}

function lastErrors(folder: string): string[] {
  const entries = logFiles(folder).flatMap((name) => entriesOf(readFileSync(join(folder, name), 'utf8'), name));
  const last = entries.sort((a, b) => (a.time < b.time ? -1 : 1)).slice(-MOST_ERRORS);
  return last.length === 0 ? ['none'] : last.map(({ text, program }) => `${program} ${text}`);
}

function logFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.log'));
  } catch {
    return []; // No log was written.
  }
}

/** Errors with the lines that belong to them. */
function entriesOf(text: string, file: string): { time: string; text: string; program: string }[] {
  const program = file.split('.')[0] ?? file;
  return text.split(/\r?\n(?=\[)/).flatMap((entry) => {
    const [, time, level] = ENTRY.exec(entry) ?? [];
    return time !== undefined && level === 'error' ? [{ time, text: entry.trimEnd(), program }] : [];
  });
}
