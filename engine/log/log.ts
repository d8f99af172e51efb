/**
 * The log of every process: files of bounded size in the data folder, one a program, without document text, tokens or paths of the
 * reader's home. Nothing is written until `startLog` is called, so that tests and the command line leave none.
 *
 * electron-log writes them, because it needs no Electron (`electron-log/node`), depends on nothing, and writes at once: what a
 * process says before it ends is there. pino rotates in a worker thread only, and what that has not written is lost with the process.
 */
import { renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import electronLog from 'electron-log/node';
import { describe } from './description.ts';
import { type Private, redact } from './redaction.ts';

export type Program = 'app' | 'engine' | 'documents' | 'explorer' | 'converter';

export interface LogOptions {
  readonly program: Program;
  /** Where the log files go. */
  readonly folder: string;
  readonly dataFolder?: string | undefined;
  readonly level?: 'error' | 'warn' | 'info' | 'debug' | undefined;
  readonly secrets?: readonly string[];
  /** Bytes of a file before the next is begun. */
  readonly mostBytes?: number;
}

/** How processes that are started by this one learn of it. */
const FOLDER_VARIABLE = 'PROXIMA_LOG_FOLDER';
const DATA_VARIABLE = 'PROXIMA_LOG_DATA';
const LEVEL_VARIABLE = 'PROXIMA_LOG_LEVEL';
const MOST_BYTES = 2 ** 20;
/** Older files beside the one that is written. */
const OLDER_FILES = 3;
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

let hidden: Private | undefined;
let documentWork = false;

/** Says nothing before `startLog`. `what` is the program's own words: never text that came from elsewhere. */
export const log = {
  error: (what: string, cause?: unknown) => write('error', what, cause),
  warn: (what: string, cause?: unknown) => write('warn', what, cause),
  info: (what: string) => write('info', what),
  debug: (what: string) => write('debug', what),
};

/** Starts the log of this process and of those that it starts. Faults that nobody catches are logged before the process ends. */
export function startLog({
  program,
  folder,
  dataFolder,
  level,
  secrets = [],
  mostBytes = MOST_BYTES,
}: LogOptions): void {
  const first = hidden === undefined;
  const folders = [
    ...(dataFolder === undefined ? [] : [{ path: dataFolder, name: '<data folder>' }]),
    { path: homedir(), name: '~' },
  ];
  hidden = { folders, secrets };
  documentWork = program === 'documents';
  process.env[FOLDER_VARIABLE] = folder;
  if (dataFolder !== undefined) process.env[DATA_VARIABLE] = dataFolder;
  const { console: terminal, file } = electronLog.transports;
  terminal.level = false;
  terminal.writeFn = () => {}; // Also not that the folder can't be written to: the work goes on without a log.
  file.level = level ?? levelFrom(process.env[LEVEL_VARIABLE]);
  file.resolvePathFn = () => join(folder, `${program}.log`);
  file.maxSize = mostBytes;
  file.format = '[{y}-{m}-{d} {h}:{i}:{s}.{ms}] [{level}] {text}';
  file.archiveLogFn = (old) => rotate(old.path);
  if (first) process.on('uncaughtExceptionMonitor', (cause, origin) => log.error(origin, cause));
}

/** For a process that was started by one with a log; without one there is none here either. */
export function startInheritedLog(program: Program): void {
  const { [FOLDER_VARIABLE]: folder, [DATA_VARIABLE]: dataFolder } = process.env;
  if (folder) startLog({ program, folder, dataFolder });
}

/** Where this process and those that it starts write their logs. */
export function logFolder(): string | undefined {
  return process.env[FOLDER_VARIABLE];
}

/** Something that must not be written from now on, like the token of this run. */
export function hideFromLog(secret: string): void {
  if (hidden) hidden = { ...hidden, secrets: [...hidden.secrets, secret] };
}

/** As the log would write it. */
export function redacted(text: string): string {
  return hidden ? redact(text, hidden) : text;
}

function write(level: (typeof LEVELS)[number], what: string, cause?: unknown): void {
  if (!hidden) return;
  const lines = cause === undefined ? what : `${what}: ${describe(cause, documentWork)}`;
  // What goes on is set off, so that an entry can be told from the next one.
  electronLog[level](redact(`(${process.pid}) ${lines}`, hidden).replaceAll('\n', '\n    '));
}

function levelFrom(name: string | undefined): (typeof LEVELS)[number] {
  return LEVELS.find((each) => each === name) ?? 'info';
}

/** program.log → program.1.log → program.2.log …; the oldest goes. */
function rotate(path: string): void {
  const older = (age: number) => (age === 0 ? path : path.replace(/\.log$/, `.${age}.log`));
  try {
    rmSync(older(OLDER_FILES), { force: true });
    for (let age = OLDER_FILES - 1; age >= 0; age--) renameIfThere(older(age), older(age + 1));
  } catch {
    rmSync(path, { force: true }); // Better to lose lines than to fill the disk.
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ENOENT') throw cause;
  }
}
