/** Models on their way from a hub: several at a time, each paused, taken up again or given up; unfinished ones outlive the app. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import { DTYPES, type Dtype } from '../../engine/hub/dtypes.ts';
import { getModel } from '../../engine/hub/get-model.ts';
import type { Hub } from '../../engine/hub/hub.ts';
import type { ModelLibrary } from '../../engine/hub/model-library.ts';
import { isRepository } from '../../engine/hub/repository.ts';
import type { Download } from '../contract.ts';

export interface DownloadsParts {
  /** Where models are kept. */
  readonly folder: string;
  readonly library: ModelLibrary;
  readonly hub: () => Hub;
  readonly onChange: (download: Download) => void;
  /** It came to its end: the model's name, or null where it was given up. */
  readonly onEnd: (download: string, model: string | null) => void;
}

const keptSchema = z.object({
  id: z.uuid(),
  repository: z.string().refine(isRepository),
  dtype: z.enum(DTYPES),
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
});

/** How often progress is told at most, in milliseconds. */
const TELL_EVERY = 200;

export class Downloads {
  readonly #parts: DownloadsParts;
  readonly #downloads = new Map<string, Download>();
  readonly #running = new Map<string, { readonly abort: AbortController; readonly ended: Promise<void> }>();

  constructor(parts: DownloadsParts) {
    this.#parts = parts;
    for (const each of this.#read())
      this.#downloads.set(each.id, { ...each, state: 'paused', file: null, failure: null });
  }

  list(): Download[] {
    return [...this.#downloads.values()];
  }

  /** Begins, or takes up what of the same model was begun before. Throws `option-invalid` for what names no repository. */
  start(repository: string, dtype: Dtype): Download {
    this.#parts.library.folderFor(repository, dtype);
    const begun = this.list().find((each) => each.repository === repository && each.dtype === dtype);
    if (begun) return this.resume(begun.id);
    const id = randomUUID();
    this.#set({ id, repository, dtype, state: 'running', done: 0, total: 0, file: null, failure: null });
    return this.#run(id);
  }

  /** Throws `entry-missing`, as all that follow. What has come is kept. */
  async pause(id: string): Promise<void> {
    await this.#halt(id);
    this.#set({ ...this.#get(id), state: 'paused' });
  }

  resume(id: string): Download {
    const download = this.#get(id);
    return this.#running.has(id) ? download : this.#run(id);
  }

  /** Gives it up; what has come is deleted. */
  async cancel(id: string): Promise<void> {
    const { repository, dtype } = this.#get(id);
    await this.#halt(id);
    rmSync(this.#parts.library.folderFor(repository, dtype), { recursive: true, force: true });
    this.#end(id, null);
  }

  /** Stops all; they are there again, paused, at the next start. */
  close(): void {
    for (const { abort } of this.#running.values()) abort.abort();
  }

  #run(id: string): Download {
    this.#set({ ...this.#get(id), state: 'running', failure: null });
    const abort = new AbortController();
    this.#running.set(id, { abort, ended: this.#fetch(id, abort.signal) });
    return this.#get(id);
  }

  async #fetch(id: string, signal: AbortSignal): Promise<void> {
    const { repository, dtype } = this.#get(id);
    const { library, hub, onChange } = this.#parts;
    const folder = library.folderFor(repository, dtype);
    let told = 0;
    try {
      await getModel(hub(), repository, dtype, folder, {
        signal,
        onProgress: (progress) => {
          this.#downloads.set(id, { ...this.#get(id), ...progress });
          if (performance.now() - told < TELL_EVERY) return;
          told = performance.now();
          onChange(this.#get(id));
        },
      });
      const { name } = await library.add(folder, true);
      this.#running.delete(id);
      this.#end(id, name);
    } catch (cause) {
      this.#running.delete(id);
      const download = this.#downloads.get(id);
      if (download && !signal.aborted) this.#set({ ...download, state: 'failed', failure: failureOf(cause) });
    }
  }

  async #halt(id: string): Promise<void> {
    this.#get(id);
    const running = this.#running.get(id);
    running?.abort.abort();
    await running?.ended;
  }

  #end(id: string, model: string | null): void {
    this.#downloads.delete(id);
    this.#keep();
    this.#parts.onEnd(id, model);
  }

  #get(id: string): Download {
    const download = this.#downloads.get(id);
    if (download) return download;
    throw new ProximaError('entry-missing', { what: 'download', name: '' });
  }

  #set(download: Download): void {
    this.#downloads.set(download.id, download);
    this.#keep();
    this.#parts.onChange(download);
  }

  get #file(): string {
    return join(this.#parts.folder, 'downloads.json');
  }

  #read(): z.infer<typeof keptSchema>[] {
    try {
      const kept = z.array(z.unknown()).parse(JSON.parse(readFileSync(this.#file, 'utf8')));
      return kept.flatMap((each) => keptSchema.safeParse(each).data ?? []);
    } catch {
      return []; // Not there, or not ours: what has come lies in its folder and is found when it is asked for again.
    }
  }

  #keep(): void {
    const kept = this.list().map(({ id, repository, dtype, done, total }) => ({ id, repository, dtype, done, total }));
    mkdirSync(this.#parts.folder, { recursive: true });
    writeFileSync(this.#file, `${JSON.stringify(kept, null, 2)}\n`);
  }
}
