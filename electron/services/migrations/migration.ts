/** A step from one version of the database to the next. */
import type { DatabaseSync } from 'node:sqlite';

/** Runs inside a transaction; what it throws undoes it. Must not use the app's own types: those move on, it stays as it is. */
export type Migration = (sqlite: DatabaseSync) => void;

/** Replaces a column of JSON, row by row. `keys`: the columns that name a row. */
export function rewriteJson(
  sqlite: DatabaseSync,
  { table, key, column }: { table: string; key: string; column: string },
  rewrite: (value: unknown) => unknown,
): void {
  const update = sqlite.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`);
  for (const row of sqlite
    .prepare(`SELECT ${key} AS key, ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL`)
    .all()) {
    const before = parsed(String(row.value));
    if (before === undefined) continue; // Damaged: one row must not keep all the others from being opened.
    update.run(JSON.stringify(rewrite(before)), row.key ?? null);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
