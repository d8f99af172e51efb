/** Numbers as sentences have them. */

/** A whole number with its thousands apart. */
export function count(value: number): string {
  return value.toLocaleString('en');
}

export function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** "1 page", "3 pages". */
export function plural(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : 's'}`;
}

/** "about 40 seconds", "about 9 minutes", "about 2 hours". */
export function duration(seconds: number): string {
  if (seconds < 90) return `about ${plural(Math.max(1, Math.ceil(seconds)), 'second')}`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `about ${minutes} minutes` : `about ${plural(Math.round(minutes / 60), 'hour')}`;
}
