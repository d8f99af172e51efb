/** Numbers for people, in the reader's own locale. */
const MEBIBYTE = 2 ** 20;

export function count(value: number): string {
  return Math.round(value).toLocaleString();
}

export function percent(share: number): string {
  return `${(share * 100).toLocaleString(undefined, { maximumFractionDigits: share < 0.1 ? 1 : 0 })} %`;
}

export function bytes(value: number): string {
  const digits = { maximumFractionDigits: value < 100 * MEBIBYTE ? 1 : 0 };
  if (value < MEBIBYTE) return `${(value / 1024).toLocaleString(undefined, digits)} KiB`;
  if (value < 2048 * MEBIBYTE) return `${(value / MEBIBYTE).toLocaleString(undefined, digits)} MiB`;
  return `${(value / MEBIBYTE / 1024).toLocaleString(undefined, { maximumFractionDigits: 1 })} GiB`;
}

export function seconds(value: number): string {
  if (value < 10) return `${value.toLocaleString(undefined, { maximumFractionDigits: value < 1 ? 2 : 1 })} s`;
  if (value < 90) return `${Math.round(value)} s`;
  return `${Math.round(value / 60)} min`;
}
