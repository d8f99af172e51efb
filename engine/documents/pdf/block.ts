/** What a page is made of, in reading order. */

import type { Interval } from '../layout/bands.ts';
import type { Cells } from '../layout/tables.ts';

export type Block =
  | { readonly kind: 'paragraph'; readonly lines: readonly string[]; readonly height: number; readonly level: number }
  | { readonly kind: 'table'; readonly cells: Cells; readonly gutters: readonly Interval[] };
