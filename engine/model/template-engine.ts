/**
 * Renders chat templates (Jinja) as `transformers` does: the same globals, English names of months and days wherever the reader lives, and
 * the same bound on `range`. The day is that of loading, so that what stands in front of a document stays what was read.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';

export type TemplateValues = Readonly<Record<string, unknown>>;

/** As in jinja2's sandbox, which refuses longer ones. */
const LONGEST_RANGE = 100_000;

/** Throws Error where the template is not understood; the renderer where it refuses what it is given. */
export function compileTemplate(source: string, now: Date): (values: TemplateValues) => string {
  const program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  const globals = {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    raise_exception: (message: unknown): never => {
      throw new Error(String(message));
    },
    strftime_now: (format: string) => formatDate(now, format),
  };
  return (values) => {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals, ...values })) environment.set(name, value);
    return String(new Interpreter(environment).run(program).value);
  };
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
