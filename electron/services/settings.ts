/** The reader's choices; what is missing or out of range falls back to what is built in. */
import { type Settings, settingsSchema } from '../contract.ts';
import type { Database } from './database.ts';

export const DEFAULT_SETTINGS: Settings = {
  model: null,
  runtime: 'auto',
  plan: 'auto',
  sinks: null,
  recent: null,
  memoryMebibytes: null,
  threads: null,
  maxAnswerTokens: 256,
};

export class SettingsStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(): Settings {
    const rows = this.#database.all<{ name: string; value: string }>('SELECT name, value FROM settings');
    const kept = Object.fromEntries(rows.map(({ name, value }) => [name, JSON.parse(value) as unknown]));
    const parsed = settingsSchema.partial().safeParse(kept);
    return { ...DEFAULT_SETTINGS, ...(parsed.success ? defined(parsed.data) : {}) };
  }

  change(change: { [Name in keyof Settings]?: Settings[Name] | undefined }): Settings {
    this.#database.transaction(() => {
      for (const [name, value] of Object.entries(defined(change))) {
        this.#database.run('INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)', name, JSON.stringify(value));
      }
    });
    return this.get();
  }

  clear(): void {
    this.#database.run('DELETE FROM settings');
  }
}

function defined(values: { [Name in keyof Settings]?: Settings[Name] | undefined }): Partial<Settings> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
