/**
 * Renders chat templates (Jinja) as `transformers` does: the same globals, English names of months and days wherever the reader lives, and
 * the same bound on `range`. The day is that of loading, so that what stands in front of a document stays what was read.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

export type TemplateValues = Readonly<Record<string, unknown>>;

/** As in jinja2's sandbox, which refuses longer ones. */
const LONGEST_RANGE = 100_000;
/** Bounds on templates of hostile files, in characters: the longest of published ones have 20,000, and no run of spaces over 30. */
const LONGEST_TEMPLATE = 1 << 18;
const LONG_SPACE = /(?:^|\S)\s{1000}/;
const LONGEST_TEXT = 1 << 24;
/** Steps of one rendering, and for every two messages: some templates look at all messages for each (Gemma 4's takes 6 a pair). */
const MOST_STEPS = 500_000;
const MOST_STEPS_A_PAIR = 100;
/** Characters and elements that are handled as one. */
const ELEMENTS_A_STEP = 64;

/** Throws Error where the template is not understood; the renderer where it refuses what it is given. */
export function compileTemplate(source: string, now: Date): (values: TemplateValues) => string {
  const program = parsed(source);
  const globals = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (message: unknown): never => {
      throw new Error(String(message ?? 'it refuses the conversation'));
    },
    strftime_now: (format: string) => formatDate(now, format),
  };
  return (values) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value);
    const messages = Array.isArray(values.messages) ? values.messages.length : 0;
    return String(new BoundedInterpreter(environment, messages).run(program).value);
  };
}

/** Throws Error, with a reason that a reader may see. */
function parsed(source: string) {
  if (source.length > LONGEST_TEMPLATE || LONG_SPACE.test(source)) throw new SyntaxError('it is too long');
  try {
    return parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  } catch (cause) {
    // The parser runs over the end of a template that breaks off, and says only where it stumbled.
    throw cause instanceof TypeError ? new SyntaxError('it breaks off') : cause;
  }
}

/** What is used of the library's interpreter; its own types can't be resolved from here. */
interface Evaluator {
  evaluate(statement: object | undefined, environment: Environment): { readonly value: unknown };
  run(program: unknown): { readonly value: unknown };
}
const Unbounded = Interpreter as new (environment: Environment) => Evaluator;

/** Gives up on templates that would never end, or whose texts would fill the memory. */
class BoundedInterpreter extends Unbounded {
  #left: number;
  /** What loops go over: each round costs as much as a step. */
  readonly #looped = new WeakSet<object>();

  constructor(environment: Environment, messages: number) {
    super(environment);
    this.#left = MOST_STEPS + MOST_STEPS_A_PAIR * messages ** 2;
  }

  override evaluate(statement: object | undefined, environment: Environment) {
    if (statement && 'iterable' in statement) this.#looped.add(loopedOver(statement.iterable as Looped));
    const result = super.evaluate(statement, environment);
    const size = sizeOf(result.value);
    this.#left -= 1 + (statement && this.#looped.has(statement) ? size : size / ELEMENTS_A_STEP);
    if (this.#left < 0) throw new RangeError('it takes too long');
    return result;
  }
}

/** A loop's list, which may have a condition behind it. */
type Looped = object & { readonly lhs?: object };

function loopedOver(list: Looped): object {
  return list.lhs ?? list;
}

function sizeOf(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'string') return 0;
  if (value.length > LONGEST_TEXT) throw new RangeError('it makes too long a text');
  return value.length;
}

function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= LONGEST_RANGE)) throw new RangeError('the range is too long');
  return Array.from({ length }, (_, index) => start + index * step);
}

const padded = (value: number) => String(value).padStart(2, '0');

/** The codes of C's strftime that templates use. Throws for others. */
function formatDate(date: Date, format: string): string {
  const named = (options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat('en-US', options).format(date);
  const codes: Readonly<Record<string, () => string>> = {
    Y: () => String(date.getFullYear()),
    y: () => padded(date.getFullYear() % 100),
    m: () => padded(date.getMonth() + 1),
    B: () => named({ month: 'long' }),
    b: () => named({ month: 'short' }),
    d: () => padded(date.getDate()),
    A: () => named({ weekday: 'long' }),
    a: () => named({ weekday: 'short' }),
    H: () => padded(date.getHours()),
    M: () => padded(date.getMinutes()),
    S: () => padded(date.getSeconds()),
    '%': () => '%',
  };
  return format.replace(/%(.)/g, (code, letter: string) => {
    const value = codes[letter];
    if (!value) throw new RangeError(`the date format ${code} is not known`);
    return value();
  });
}
