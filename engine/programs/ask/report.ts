/** What `npm run ask` prints: one JSON object, or lines for people. */
import type { CachePart } from '../../cache/memory.ts';
import { type CachePlan, isDense } from '../../cache/plan.ts';
import type { Proximity } from '../../cache/proximity.ts';
import type { Heading, LeftOut } from '../../documents/document.ts';
import type { Answer, MemoryUse } from '../../engine.ts';
import type { Reading } from '../../local/reading.ts';
import type { Policy } from '../../policy.ts';
import { splitThinking } from '../../thinking.ts';
import { count, mebibytes, plural } from '../../words/amounts.ts';

/** What there is to a document beside its text. */
export interface DocumentFacts {
  readonly title: string | null;
  readonly outline: readonly Heading[];
  readonly leftOut: readonly LeftOut[];
  /** Whether what is left out was read all the same. */
  readonly putBack: boolean;
  /** With a confidence from 0 to 1. */
  readonly recognised: readonly { readonly page: number; readonly confidence: number }[];
  /** As the file calls its pages, where it does. */
  readonly labels: readonly { readonly page: number; readonly label: string }[];
}

export interface DocumentReport extends DocumentFacts {
  readonly pages: number;
  readonly pagesRead: number;
  /** The first and the last page read. */
  readonly pageRange: { readonly first: number; readonly last: number };
  readonly tokens: number;
  readonly warnings: readonly string[];
}

export interface Report {
  readonly runtime: string;
  readonly answers: readonly Answer[];
  readonly document: DocumentReport;
  readonly policy: string;
  readonly plan: CachePlan & Proximity & Pick<Policy, 'label' | 'standing' | 'found'>;
  readonly prefill: { readonly tokens: number; readonly seconds: number; readonly tokensPerSecond: number };
  readonly kv: MemoryUse;
  readonly model: string;
}

export function createReport(
  runtime: string,
  reading: Reading,
  answers: readonly Answer[],
  document: Omit<DocumentReport, 'tokens'>,
): Report {
  const tokens = reading.tokens.ids.length;
  const { name, label, plan, proximity, standing, found } = reading.policy;
  return {
    runtime,
    answers,
    document: { ...document, tokens },
    policy: name,
    plan: { ...plan, ...proximity, label, standing, found },
    prefill: { tokens, seconds: reading.prefillSeconds, tokensPerSecond: tokens / reading.prefillSeconds },
    kv: reading.memory(),
    model: reading.model.name,
  };
}

/** The document's line, the answers with their pages, the memory. */
export function formatReport(report: Report): string {
  const { document, prefill, kv, plan } = report;
  return [
    ...document.warnings.map((warning) => `Note: ${warning}`),
    ...formatLeftOut(document),
    `Read ${formatPages(document)}, ${count(document.tokens)} tokens in ${prefill.seconds.toFixed(1)} s (${count(Math.round(prefill.tokensPerSecond))} tokens/s) on ${report.runtime}, with ${report.model}.`,
    '',
    ...report.answers.flatMap(formatAnswer),
    formatMemory(kv, plan),
    ...(plan.standing === 'measured' || plan.standing === 'unmeasured'
      ? [
          `Note: the model was not trained for this cache plan (${plan.found}); answers may suffer. Compare with --compare.`,
        ]
      : []),
  ].join('\n');
}

function formatLeftOut({ leftOut, putBack }: DocumentReport): string[] {
  if (leftOut.length === 0 || putBack) return [];
  const words = plural(leftOut.length, 'line');
  return [
    `Note: ${words} of running titles, page numbers and the like were left out; --json lists them, --put-back reads them.`,
  ];
}

function formatPages({ pages, pagesRead, pageRange }: DocumentReport): string {
  if (pagesRead === pages) return pages === 1 ? 'its one page' : `all ${pages} pages`;
  return `pages ${pageRange.first}-${pageRange.last} (${pagesRead} of ${pages})`;
}

function formatAnswer(answer: Answer): string[] {
  const pages = answer.pages.map(({ page, share }) => `page ${page} (${(share * 100).toFixed(0)} %)`);
  const [best] = answer.pages;
  const { thinking, answer: text } = splitThinking(answer.answer);
  return [
    `Q: ${answer.question}`,
    ...(thinking ? [`   (thought for ${thinking.split(/\s+/).length} words; --json has them)`] : []),
    `A: ${text}${answer.stopped === 'length' ? ' … (stopped at --max-tokens)' : ''}`,
    ...(pages.length > 0 && answer.closest.length === 0 ? [`   Looked at: ${pages.join(', ')}`] : []),
    ...formatClosest(answer),
    ...(best && answer.closest.length === 0 ? [`   Page ${best.page}: “${best.passage.replace(/\s+/g, ' ')}”`] : []),
    `   ${answer.seconds.toFixed(1)} s, first token after ${answer.firstTokenSeconds.toFixed(2)} s${answer.decodeTokensPerSecond > 0 ? `, then ${answer.decodeTokensPerSecond.toFixed(0)} tokens/s` : ''}`,
    '',
  ];
}

const FOUND_BY = { words: 'its words', attention: 'attention' } as const;

function formatClosest({ closest }: Answer): string[] {
  if (closest.length === 0) return [];
  const lines = closest.map(({ page, passage, foundBy }) => {
    const how = foundBy.map((each) => FOUND_BY[each]).join(' and ');
    return `   Page ${page}, found by ${how}: “${passage.replace(/\s+/g, ' ')}”`;
  });
  return ['   Not sure. Closest passages:', ...lines];
}

function formatMemory(kv: MemoryUse, plan: Report['plan']): string {
  const saved = isDense(plan) ? '' : `, ${percent(kv.saving)} below dense (${mebibytes(kv.denseBytes)})`;
  return `KV cache (${plan.label}): ${mebibytes(kv.bytes)}${saved}: ${kv.parts.map(formatPart).join(', ')}.`;
}

const percent = (share: number) => `${(share * 100).toFixed(1)} %`;

function formatPart({ label, format, bytes }: CachePart): string {
  return `${label}${format === 'f16' ? '' : ` in ${format}`} ${mebibytes(bytes)}`;
}

const LABEL_WIDTH = 22;
const COLUMN_WIDTH = 48;

/** Dense and another plan side by side, a column each. */
export function formatComparison(dense: Report, other: Report): string {
  const row = (label: string, left: string, right: string) => wrapRow(label, left, right);
  const lines = [
    row('', dense.plan.label, other.plan.label),
    row('KV cache', mebibytes(dense.kv.bytes), `${mebibytes(other.kv.bytes)} (−${percent(other.kv.saving)})`),
    row(
      'reading',
      `${count(Math.round(dense.prefill.tokensPerSecond))} tokens/s`,
      `${count(Math.round(other.prefill.tokensPerSecond))} tokens/s`,
    ),
  ];
  for (const [index, left] of dense.answers.entries()) {
    const right = other.answers[index];
    if (!right) continue;
    const pages = (answer: Answer) =>
      answer.pages.map(({ page, share }) => `${page} (${(share * 100).toFixed(0)} %)`).join(', ');
    lines.push(
      '',
      `Q: ${left.question}`,
      row('answer', splitThinking(left.answer).answer, splitThinking(right.answer).answer),
      row('pages', pages(left), pages(right)),
    );
    lines.push(row('first token', `${left.firstTokenSeconds.toFixed(2)} s`, `${right.firstTokenSeconds.toFixed(2)} s`));
    lines.push(row('tokens/s', left.decodeTokensPerSecond.toFixed(0), right.decodeTokensPerSecond.toFixed(0)));
    lines.push(row('same text', left.answer === right.answer ? 'yes' : 'no', ''));
  }
  return lines.join('\n');
}

function wrapRow(label: string, left: string, right: string): string {
  const columns = [wrap(left), wrap(right)];
  const height = Math.max(...columns.map((column) => column.length));
  return Array.from({ length: height }, (_, index) => {
    const cells = columns.map((column) => (column[index] ?? '').padEnd(COLUMN_WIDTH));
    return `${(index === 0 ? label : '').padEnd(LABEL_WIDTH)}${cells.join('  ')}`.trimEnd();
  }).join('\n');
}

function wrap(text: string): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > COLUMN_WIDTH) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
