/** Text, tables and fields to put into documents: made up, seeded, and known word by word. */
import { seededRandom } from '../../engine/generate/sampling.ts';

export type Part =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly cells: readonly (readonly string[])[] };

/** What is known of a document of the set. */
export interface Expected {
  readonly file: string;
  readonly kind: 'digital' | 'scan' | 'refused';
  /** All words in reading order. */
  readonly words: string;
  readonly tables: readonly (readonly (readonly string[])[])[];
  readonly fields: readonly (readonly [label: string, value: string])[];
  readonly dotsPerInch?: number;
  readonly noisy?: boolean;
}

const SUBJECTS =
  'the tenant|the landlord|the harbour master|a surveyor|the committee|every member|the treasurer|the clerk|an auditor|the insurer|the carrier|our laboratory|the registrar|the supplier|a well-known engineer'.split(
    '|',
  );
const VERBS =
  'shall deliver|has inspected|will repair|must report|agreed to measure|may not transfer|described|confirmed|refused to sign|has since published|could hardly explain|will carefully examine'.split(
    '|',
  );
const OBJECTS =
  'the northern warehouse|all outstanding invoices|the flood defences|a certified copy of the record|the ventilation equipment|two independent estimates|the quarterly temperature readings|any long-term obligation|the electricity meters|the archive of correspondence|a self-contained description|its final specification|the difference between both offers'.split(
    '|',
  );
const ENDINGS =
  'before the end of the month|within fourteen days of notice|at the expense of the other party|for a period of three years|without further consideration|in the presence of two witnesses|under the conditions described below|as soon as the weather allows|in accordance with the second schedule|although the office was officially closed|after the committee had finished its discussion'.split(
    '|',
  );
const TITLES =
  'General provisions|Payment and deposit|Inspection of the premises|Method of measurement|Findings of the survey|Insurance and liability|Delivery and acceptance|Closing remarks'.split(
    '|',
  );
const GOODS =
  'Copper pipe|Roof tiles|Window frames|Insulation wool|Oak boards|Paint, white|Steel hinges|Cement bags|Garden hose|Desk lamps|Paper reams|Filter masks'.split(
    '|',
  );

export class Writer {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[Math.floor(this.#random() * items.length)];
    if (item === undefined) throw new RangeError('There is nothing to pick from.');
    return item;
  }

  number(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }

  sentence(): string {
    const text = `${this.pick(SUBJECTS)} ${this.pick(VERBS)} ${this.pick(OBJECTS)} ${this.pick(ENDINGS)}`;
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  }

  paragraph(sentences = 4): string {
    return Array.from({ length: sentences }, () => this.sentence()).join(' ');
  }

  title(): string {
    return this.pick(TITLES);
  }

  amount(): string {
    return `${this.number(1, 9)},${String(this.number(0, 999)).padStart(3, '0')}.${String(this.number(0, 99)).padStart(2, '0')}`;
  }

  /** A head, then as many rows; names, a count, a price. */
  table(rows: number, columns = 4): string[][] {
    const head = ['Article', 'Count', 'Price', 'Total', 'Store', 'Remark'].slice(0, columns);
    const row = () => {
      const cells = [this.pick(GOODS), String(this.number(2, 480)), this.amount(), this.amount()];
      return [
        ...cells,
        this.pick(['north', 'south', 'harbour']),
        this.pick(['late', 'in part', 'damaged', 'none']),
      ].slice(0, columns);
    };
    return [head, ...Array.from({ length: rows }, row)];
  }

  list(items: number): string[] {
    return Array.from({ length: items }, () => this.sentence());
  }

  /** Headings, paragraphs, a list and a table. */
  parts(sections: number): Part[] {
    return Array.from({ length: sections }, (_, index): Part[] => [
      { kind: 'heading', text: `${this.title()} ${index + 1}` },
      { kind: 'paragraph', text: this.paragraph() },
      ...(index % 2 === 0
        ? [{ kind: 'list' as const, items: this.list(3) }]
        : [{ kind: 'table' as const, cells: this.table(this.number(3, 6)) }]),
      { kind: 'paragraph', text: this.paragraph(3) },
    ]).flat();
  }
}

export function wordsOf(parts: readonly Part[]): string {
  return parts
    .map((part) => {
      if (part.kind === 'list') return part.items.join('\n');
      return part.kind === 'table' ? part.cells.map((row) => row.join(' ')).join('\n') : part.text;
    })
    .join('\n');
}

export function tablesOf(parts: readonly Part[]): (readonly (readonly string[])[])[] {
  return parts.flatMap((part) => (part.kind === 'table' ? [part.cells] : []));
}

export function digital(file: string, parts: readonly Part[], more: Partial<Expected> = {}): Expected {
  return { file, kind: 'digital', words: wordsOf(parts), tables: tablesOf(parts), fields: [], ...more };
}
