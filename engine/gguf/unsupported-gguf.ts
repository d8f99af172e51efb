/** Why a GGUF file can't become a model, as data: `feature` tells the kinds apart. */
export type GgufUnsupported =
  | { readonly feature: 'architecture'; readonly architecture: string; readonly known: readonly string[] }
  /** An adapter, a projector, a vocabulary: something other than a model. */
  | { readonly feature: 'kind'; readonly kind: string }
  /** One of several files that make a model together. */
  | { readonly feature: 'parts'; readonly parts: number }
  | { readonly feature: 'tensor type'; readonly tensor: string; readonly type: string }
  /** A tensor that the architecture is not known to have. */
  | { readonly feature: 'tensor'; readonly tensor: string }
  /** A key that changes what is computed in a way that is not known. */
  | { readonly feature: 'key'; readonly key: string; readonly value: string }
  | { readonly feature: 'tokenizer'; readonly tokenizer: string };
