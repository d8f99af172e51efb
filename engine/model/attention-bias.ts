/**
 * Some exports add a mask to the scores of every attention node, made from the text's length. The engine hides what is not to be
 * seen by itself; so a mask that hides nothing else is left out, and one that says more is refused. Which it is, is seen by
 * running the part of the graph that makes it, for lengths that meet every border.
 */
import { firstVisible } from '../cache/local-window.ts';
import { ProximaError } from '../errors.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { CutModel } from './cut.ts';
import { GraphPart, type PartResult, type TextLength } from './graph-part.ts';

/** Tokens of the longest text that is tried. */
const LONG = 8192;

/** Rejects with `model-unsupported`, naming layer and token, for a mask that says more than causality and window. */
export async function checkBiases(cut: CutModel, runtime: Runtime, dataFolder: string | undefined): Promise<void> {
  const biased = cut.attention.filter(({ bias }) => bias !== undefined);
  const names = biasesOf(cut);
  if (names.length === 0) return;
  const part = await GraphPart.open(cut.model, names, runtime, dataFolder);
  try {
    const windows = [...new Set(biased.map(({ window }) => window))];
    for (const length of lengthsFor(windows)) {
      const results = await part.run(length);
      for (const { layer, bias = '', window } of biased) {
        const token = tokenWithSay(results.get(bias), length, window);
        if (token !== undefined) throw refusal(layer, token, length);
      }
    }
  } finally {
    await part.close();
  }
}

/** Names of the masks. */
export function biasesOf({ attention }: CutModel): string[] {
  return [...new Set(attention.flatMap(({ bias }) => bias ?? []))];
}

function lengthsFor(windows: readonly number[]): TextLength[] {
  const around = windows.filter((window) => window > 0).map((window) => ({ rows: 16, total: window + 16 }));
  return [{ rows: 1, total: 1 }, { rows: 7, total: 7 }, { rows: 5, total: 40 }, { rows: 1, total: LONG }, ...around];
}

/** A token to whose score something is added although a row sees it. bias: [.., rows, total] */
function tokenWithSay(bias: PartResult | undefined, { rows, total }: TextLength, window: number): number | undefined {
  if (!bias || bias.dimensions.at(-1) !== total || bias.dimensions.at(-2) !== rows) return 0;
  for (const [index, value] of bias.data.entries()) {
    const position = total - rows + (Math.floor(index / total) % rows);
    const token = index % total;
    if (token <= position && token >= firstVisible(position, window) && value !== 0) return token;
  }
  return undefined;
}

function refusal(layer: number, token: number, { total }: TextLength): ProximaError {
  return new ProximaError('model-unsupported', { feature: 'attention bias', layer, total, token });
}
