/** What an evaluation found out, question by question. */
import { type PlanFile, parsePlanFile } from '../../engine/cache/plan-file.ts';

export interface AnsweredQuestion {
  readonly policy: string;
  readonly length: number;
  readonly kinds: readonly string[];
  /** 0–1, of the sentence that tells it; null for an absent fact. */
  readonly depth: number | null;
  /** The answer is the wanted one, letter by letter. */
  readonly exact: boolean;
  readonly refused: boolean;
  /** Whether a page that tells it is among the evidence; null where there is no evidence. */
  readonly pageFound: boolean | null;
  /** Of a wrong answer. */
  readonly question?: string;
  readonly wanted?: string;
  readonly said?: string;
}

export interface Results {
  readonly label: string;
  /** First digits of the SHA-256 of the graph. */
  readonly model: string;
  readonly plan: PlanFile;
  /** Share of the dense cache that each plan saves, by length. */
  readonly savings: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly answered: readonly AnsweredQuestion[];
}

/** Wilson's interval at 95 % for `right` of `all`. */
export function confidence(right: number, all: number): { low: number; high: number } {
  if (all === 0) return { low: 0, high: 1 };
  const z = 1.96;
  const share = right / all;
  const centre = share + (z * z) / (2 * all);
  const spread = z * Math.sqrt((share * (1 - share)) / all + (z * z) / (4 * all * all));
  const scale = 1 + (z * z) / all;
  return { low: (centre - spread) / scale, high: (centre + spread) / scale };
}

/** Results of any age: the first knew one plan. */
export function parseResults(text: string): Results {
  const found = JSON.parse(text) as Results & { readonly plan: { readonly version: number } };
  const plan = parsePlanFile(JSON.stringify(found.plan), found.label);
  return { ...found, plan, savings: found.plan.version === 2 ? found.savings : ({ pod: found.savings } as never) };
}
