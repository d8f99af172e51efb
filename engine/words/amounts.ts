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
