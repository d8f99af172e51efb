/** GGUF files on their way into the library, one at a time, and the search for them, each in a process that can be ended at any moment. */
import { rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { failureOf, ProximaError } from '../../engine/errors.ts';
import type { ConvertProcess, ConvertRequest, FoundModel } from '../../engine/hosts/converter.ts';
import type { ModelLibrary } from '../../engine/hub/model-library.ts';
import type { Conversion } from '../contract.ts';

export interface ConversionsParts {
  readonly library: ModelLibrary;
  readonly startConverter: () => ConvertProcess;
  readonly onChange: (conversion: Conversion) => void;
  /** Where other programs keep their models; left out: this person's own folder. */
  readonly home?: string | undefined;
}

export class Conversions {
  readonly #parts: ConversionsParts;
  #process: ConvertProcess | undefined;
  #folder = '';
  #state: Conversion | null = null;

  constructor(parts: ConversionsParts) {
    this.#parts = parts;
  }

  get state(): Conversion | null {
    return this.#state;
  }

  /** Begins; how it goes is told by its state. Throws `conversion-busy` while another is under way. */
  async start(path: string, name: string): Promise<void> {
    if (this.#process) throw new ProximaError('conversion-busy');
    const child = this.#parts.startConverter();
    this.#process = child;
    this.#folder = '';
    const state = this.#set({ name, state: 'running', done: 0, total: 0, failure: null });
    const folder = await this.#parts.library.newFolder(name);
    if (this.#process !== child) return; // Stopped meanwhile.
    this.#folder = folder;
    child.onMessage((message) => {
      if (this.#process !== child) return;
      if (message.type === 'progress') this.#set({ ...state, done: message.done, total: message.total });
      else if (message.type === 'failed') this.#end({ ...state, state: 'failed', failure: message.failure });
      else void this.#add(child, state, folder);
    });
    child.onExit(() => {
      if (this.#process !== child) return;
      const lost = new ProximaError('engine-lost', { reason: 'the process that converted the model ended' });
      this.#end({ ...state, state: 'failed', failure: failureOf(lost) });
    });
    child.post({ type: 'convert', path, folder });
  }

  cancel(): void {
    if (this.#process && this.#state) this.#end({ ...this.#state, state: 'cancelled' });
  }

  /** Models of other programs on this machine. Rejects with `engine-lost` where the process that looks for them ends. */
  find(): Promise<FoundModel[]> {
    const child = this.#parts.startConverter();
    const request: ConvertRequest = { type: 'find', home: this.#parts.home ?? homedir() };
    const { promise, resolve, reject } = Promise.withResolvers<FoundModel[]>();
    child.onMessage((message) => {
      if (message.type === 'found') resolve(message.models);
      else reject(new ProximaError('engine-lost', { reason: 'models of other programs could not be looked for' }));
    });
    child.onExit(() => reject(new ProximaError('engine-lost', { reason: 'the process that looked for models ended' })));
    child.post(request);
    return promise.finally(() => child.kill());
  }

  async #add(child: ConvertProcess, state: Conversion, folder: string): Promise<void> {
    try {
      await this.#parts.library.add(folder, true);
      if (this.#process !== child) return;
      this.#folder = ''; // It is a model of the library now.
      this.#finish({ ...state, state: 'done' });
    } catch (cause) {
      this.#end({ ...state, state: 'failed', failure: failureOf(cause) });
    }
  }

  /** What was not finished is deleted. */
  #end(state: Conversion): void {
    this.#finish(state);
    for (const folder of [this.#folder, `${this.#folder}.partial`]) {
      if (this.#folder !== '') rmSync(folder, { recursive: true, force: true });
    }
    this.#folder = '';
  }

  #finish(state: Conversion): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#set(state);
  }

  #set(state: Conversion): Conversion {
    this.#state = state;
    this.#parts.onChange(state);
    return state;
  }
}
