/** Settings and what follows from changing them. */
import type { Settings } from '../contract.ts';
import type { Services } from './services.ts';

export type SettingsChange = { [Name in keyof Settings]?: Settings[Name] | undefined };

/** Settings that the engine's process is started with, and those that its readings depend on. */
const OF_THE_PROCESS = ['model', 'runtime', 'threads'] as const;
const OF_THE_READINGS = ['plan', 'sinks', 'recent', 'memoryMebibytes'] as const;

/** Rejects with `entry-missing` where there is no such model, or with the storage's errors. */
export async function changeSettings(services: Services, change: SettingsChange): Promise<Settings> {
  const { models, settings } = services;
  if (change.model) await models.find(change.model);
  const before = settings.get();
  settings.change(change);
  return followSettings(services, before);
}

/** Does what follows from settings that were changed; before: as they were. */
export function followSettings(services: Services, before: Settings): Settings {
  const { answers, events, readings, settings } = services;
  const after = settings.get();
  const differs = (names: readonly (keyof Settings)[]) => names.some((name) => before[name] !== after[name]);
  events.emit({ type: 'settings', settings: after });
  if (differs(OF_THE_PROCESS)) services.restart();
  else if (differs(OF_THE_READINGS)) {
    answers.stopAll();
    readings.reset();
  }
  if (differs(['model'])) void countTokens(services); // Another model counts other tokens.
  return after;
}

/** Gives up silently where the engine doesn't start or is replaced again: tokens are counted when the document is read. */
async function countTokens({ library, readings, store }: Services): Promise<void> {
  try {
    for (const { id, state } of store.list())
      if (state === 'stored') library.setTokens(id, (await readings.measure(id)).tokens);
  } catch {
    // See above.
  }
}
