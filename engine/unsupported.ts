/** Why a model can't be run, as data: `feature` tells the kinds apart. */
export type Unsupported =
  /** An input or attribute of a layer's attention node. */
  | { readonly feature: 'attention'; readonly layer: number; readonly uses: string }
  /** A mask that hides more than what comes later: of `total` tokens, at `token`. */
  | { readonly feature: 'attention bias'; readonly layer: number; readonly total: number; readonly token: number }
  /** A tensor that the graph computes from something other than weights and the text's length. */
  | { readonly feature: 'computed tensor'; readonly tensor: string; readonly from: string }
  | { readonly feature: 'graph input'; readonly input: string }
  /** The graph begins behind the embedding. */
  | { readonly feature: 'no embedding' }
  /** The graph ends before the head: what it gives instead. */
  | { readonly feature: 'no head'; readonly gives: string }
  /** A layer with other heads than the first. */
  | { readonly feature: 'uneven heads'; readonly layer: number }
  /** A layer that has no keys and values of its own. */
  | { readonly feature: 'borrowed cache'; readonly layer: number }
  /** A rotary cache of a length from which it can't be told which of its rows stand for which texts. */
  | { readonly feature: 'rotary cache'; readonly table: string; readonly rows: number }
  /** The runtime can't run a part of the graph: what it says itself. */
  | { readonly feature: 'kernel'; readonly reason: string }
  /** Embedding, decoder and perhaps more are files of their own. */
  | { readonly feature: 'several graphs'; readonly file: string }
  /** A config whose language model stands one level down and lacks something there. */
  | { readonly feature: 'nested config'; readonly lacks: string }
  | { readonly feature: 'tokenizer'; readonly tokenizer: string }
  | { readonly feature: 'no chat template' }
  | { readonly feature: 'chat template'; readonly fault: TemplateFault; readonly reason: string }
  | { readonly feature: 'no attention node' }
  /** State besides keys and values. */
  | { readonly feature: 'state'; readonly state: string }
  | { readonly feature: 'adjacent attention' }
  | { readonly feature: 'operator'; readonly operator: string; readonly node: string };

/** A template with an error of syntax, one that can't be rendered, or one that does not carry all that is said. */
export type TemplateFault = 'malformed' | 'unreadable' | 'incomplete';

/** Why PoD has nothing to share. */
export type WithoutPod =
  /** Layers that see a whole document; the others end at a window, behind which there are no distant tokens. */
  | { readonly reason: 'windows'; readonly unbounded: 0 | 1 }
  /** Several layers see a whole document, and each turns its keys in its own way. */
  | { readonly reason: 'rotaries' };
