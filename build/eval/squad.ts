/** How answers are compared with what people marked: as SQuAD does (Rajpurkar et al., 2016). */

export function normalised(text: string): string[] {
  const bare = text.toLowerCase().replace(/[!-/:-@[-`{-~]/g, '');
  return bare
    .replace(/\b(a|an|the)\b/g, ' ')
    .split(/\s+/)
    .filter(Boolean);
}

/** F1 of the words of both, 0–1. */
export function overlap(said: string, wanted: string): number {
  const [own, right] = [normalised(said), normalised(wanted)];
  if (own.length === 0 || right.length === 0) return own.length === right.length ? 1 : 0;
  const left = [...right];
  let same = 0;
  for (const word of own) {
    const place = left.indexOf(word);
    if (place < 0) continue;
    left.splice(place, 1);
    same += 1;
  }
  return (2 * same) / (own.length + right.length);
}
