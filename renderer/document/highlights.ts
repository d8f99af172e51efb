/** Marks ranges of text without touching the page (CSS Custom Highlight API). */
export type HighlightName = 'passage' | 'found' | 'found-here';

export function highlight(name: HighlightName, ranges: readonly Range[]): void {
  CSS.highlights.set(name, new Highlight(...ranges));
}

export function clearHighlight(name: HighlightName): void {
  CSS.highlights.delete(name);
}
