/** The command line of `npm run ask`: what may be said, and what it means. */
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { isLanguage, LANGUAGES, type Language, USUAL_LANGUAGE } from '../../documents/recognition/languages.ts';
import { ProximaError } from '../../errors.ts';
import { DATA_FOLDER } from '../../folders/plan-store.ts';

export interface CommandLine {
  readonly file: string;
  readonly questions: readonly string[];
  readonly model: string;
  /** Id of a cache plan. */
  readonly policy: string | undefined;
  readonly sinks: number | undefined;
  readonly recent: number | undefined;
  /** A plan file, or undefined for the model's own. */
  readonly plan: string | undefined;
  /** Where plans are kept that were explored. */
  readonly data: string;
  readonly pages: { readonly first: number; readonly last: number } | undefined;
  readonly maxTokens: number;
  readonly seed: number | undefined;
  readonly temperature: number | undefined;
  readonly topP: number | undefined;
  readonly topK: number | undefined;
  readonly repetitionPenalty: number | undefined;
  readonly runtime: 'cpu' | 'webgpu' | 'auto';
  readonly threads: number | undefined;
  /** MiB that reading may take; all that is free when left out. */
  readonly memory: number | undefined;
  readonly password: string | undefined;
  /** Recognise scans however many there are, or none at all; few of them where left out. */
  readonly recognise: boolean | undefined;
  /** Read also what would be left out: running titles, page numbers, menus of a page. */
  readonly putBack: boolean;
  /** What is recognised. */
  readonly language: Language;
  readonly compare: boolean;
  /** Each question by itself, without the turns before. */
  readonly separate: boolean;
  readonly json: boolean;
}

/** Throws `option-invalid` or `question-empty`; undefined when help was asked for and given. */
export function parseCommandLine(args: readonly string[], builtInModel: string): CommandLine | undefined {
  const command = createCommand(builtInModel);
  try {
    command.parse([...args], { from: 'user' });
  } catch (cause) {
    if (cause instanceof CommanderError && cause.exitCode === 0) return undefined;
    const message = cause instanceof Error ? cause.message.replace(/^error: /, '') : String(cause);
    throw new ProximaError('option-invalid', { reason: message });
  }
  const [file = '', question] = command.args;
  const options = command.opts<Record<string, never>>() as unknown as Options;
  const questions = [...(question === undefined ? [] : [question]), ...options.question];
  if (questions.length === 0 || questions.some((each) => each.trim() === '')) {
    throw new ProximaError('question-empty');
  }
  const { question: _question, plan, ...rest } = options;
  return { ...rest, file, questions, plan: plan === 'auto' ? undefined : plan };
}

type Options = Omit<CommandLine, 'file' | 'questions'> & { question: string[] };

function createCommand(builtInModel: string): Command {
  return new Command('npm run ask --')
    .description(
      'Reads a long document whole, on this machine, and answers questions about it with the pages they come from.',
    )
    .argument('<file>', 'PDF, office file, picture, e-mail, book, web page or text')
    .argument('[question]', 'what to ask')
    .option(
      '--question <text>',
      'another question (may be given several times)',
      (text, all: string[]) => [...all, text],
      [],
    )
    .option('--model <folder>', 'a model folder as onnx-community publishes it', builtInModel)
    .option(
      '--policy <plan>',
      "dense, or one of the model's cache plans by its id (default: the smallest that loses nothing)",
    )
    .option('--sinks <n>', 'first tokens that keep their own keys everywhere', integer(0))
    .option('--recent <n>', 'latest tokens that keep their own keys everywhere', integer(0))
    .option(
      '--plan <file>',
      "a file of cache plans, or 'auto' for the model's own and what was explored for it",
      'auto',
    )
    .option('--data <folder>', 'where explored plans are kept', DATA_FOLDER)
    .option('--pages <a-b>', 'read only these pages', pageRange)
    .option('--max-tokens <n>', 'longest answer', integer(1), 256)
    .option('--seed <n>', 'seed for sampling (default: another one for each answer)', integer(0))
    .option('--temperature <x>', 'above 0: sample instead of taking the likeliest token', decimal)
    .option('--top-p <x>', 'sample among the likeliest tokens that make up this share', decimal)
    .option('--top-k <n>', 'sample among so many tokens', integer(0))
    .option('--repetition-penalty <x>', 'above 1: tokens already said become less likely', decimal)
    .option('--runtime <runtime>', 'cpu, webgpu, or auto: webgpu where there is a graphics card', runtime, 'cpu')
    .option('--threads <n>', 'processor threads', integer(1))
    .option('--memory <mib>', 'read only what fits into so much memory', integer(1))
    .option('--password <text>', 'opens an encrypted PDF')
    .option('--recognise', 'recognise the words of scanned pages, however long it takes')
    .option('--no-recognise', 'leave scanned pages out')
    .option('--language <language>', `of scanned pages: ${Object.keys(LANGUAGES).join(', ')}`, language, USUAL_LANGUAGE)
    .option('--put-back', 'read running titles, page numbers and what else is left out of the text too', false)
    .option('--compare', 'read and answer under dense and the plan, side by side', false)
    .option('--separate', 'ask each question by itself, without the ones before it', false)
    .option('--json', 'print one JSON object on stdout', false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
}

function runtime(text: string): string {
  if (text === 'cpu' || text === 'webgpu' || text === 'auto') return text;
  throw new InvalidArgumentError('It is cpu, webgpu or auto.');
}

function language(text: string): Language {
  if (isLanguage(text)) return text;
  throw new InvalidArgumentError(`It is one of ${Object.keys(LANGUAGES).join(', ')}.`);
}

function integer(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && Number.isSafeInteger(value)) return value;
    throw new InvalidArgumentError(`It is a whole number from ${least} on.`);
  };
}

function decimal(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It is a number from 0 on.');
}

function pageRange(text: string): { first: number; last: number } {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first >= 1 && last >= first) return { first, last };
  throw new InvalidArgumentError('It is a page or a range, such as 10-40.');
}
