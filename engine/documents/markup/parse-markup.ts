/** Markup as a tree, in bounds: libraries that go over a tree take quadratic time on one that is nested ten thousand deep. */
import { parseHTML } from 'linkedom';

/** Deepest nesting that is kept. Pages that people write stay below 60. */
const DEEPEST = 100;
const TAG = /<(\/?)([a-z][a-z0-9:-]*)\b[^<>]*>/gi;
/** Elements without content, and those that the next one of their kind closes. */
const FLAT =
  /^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr|html|head|body|p|li|dt|dd|option|tr|td|th|tbody|thead|tfoot|colgroup)$/i;

export function parseMarkup(markup: string): ReturnType<typeof parseHTML>['document'] {
  const whole = /<html\b/i.test(markup) ? markup : `<html><body>${markup}</body></html>`;
  return parseHTML(flattened(whole)).document;
}

/** The markup without the tags that are nested too deep; what stands in them stays. */
export function flattened(markup: string): string {
  let depth = 0;
  let dropped = false;
  const flat = markup.replace(TAG, (tag, closing: string, name: string) => {
    const level = !FLAT.test(name) && !tag.endsWith('/>');
    if (level && closing === '') depth += 1;
    const kept = depth <= DEEPEST;
    if (level && closing !== '') depth = Math.max(0, depth - 1);
    if (kept) return tag;
    dropped = true;
    return ' ';
  });
  return dropped ? flat.replace(/ {2,}/g, ' ') : markup;
}
