/**
 * Reads the keys of an architecture by name and remembers which were asked for: what nobody asked for is not understood, and a key
 * that is not understood is refused, never ignored.
 */
import { ProximaError } from '../errors.ts';
import { damagedGguf, type Gguf, type GgufValue, legible } from './read-gguf.ts';
import { StringList } from './string-list.ts';

export class KeyReader {
  readonly #gguf: Gguf;
  readonly #prefix: string;
  readonly #asked = new Set<string>();

  /** prefix: of the keys that are to be understood, its dot included. */
  constructor(gguf: Gguf, prefix: string) {
    this.#gguf = gguf;
    this.#prefix = prefix;
  }

  /** A number; one that is given layer by layer must be the same for all of them. Throws where it is missing and has no fallback. */
  number(name: string, fallback?: number): number {
    const value = this.#value(name);
    if (value === undefined && fallback !== undefined) return fallback;
    const number = value === undefined || typeof value !== 'object' ? value : this.#uniform(name, value);
    if (typeof number === 'number' && Number.isFinite(number)) return number;
    throw damagedGguf(this.#gguf.name, `its key ${this.#prefix}${name} is no number`);
  }

  /** A whole number from 1 on. */
  count(name: string, fallback?: number, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(name, fallback);
    if (Number.isInteger(value) && value > 0 && value <= most) return value;
    throw damagedGguf(this.#gguf.name, `its key ${this.#prefix}${name} is ${value}`);
  }

  text(name: string, fallback: string): string {
    const value = this.#value(name) ?? fallback;
    if (typeof value === 'string') return value;
    throw damagedGguf(this.#gguf.name, `its key ${this.#prefix}${name} is no text`);
  }

  /** What the key says where it says something for every layer; undefined where it is missing or a single value. */
  layers(name: string): readonly number[] | undefined {
    const value = this.#value(name);
    return typeof value === 'object' && !(value instanceof StringList) ? Array.from(value) : undefined;
  }

  /** Keys that say nothing about what is computed. */
  pass(...names: string[]): void {
    for (const name of names) this.#asked.add(this.#prefix + name);
  }

  /** Refuses any other value than this one. */
  only(name: string, value: number | boolean): void {
    const found = this.#value(name);
    if (found !== undefined && found !== value) throw this.refusal(name);
  }

  /** Throws `gguf-unsupported` for a key of the architecture that was never asked for. */
  refuseOthers(): void {
    for (const key of this.#gguf.keys.keys()) {
      if (key.startsWith(this.#prefix) && !this.#asked.has(key)) throw this.refusal(key.slice(this.#prefix.length));
    }
  }

  damage(reason: string): ProximaError {
    return damagedGguf(this.#gguf.name, reason);
  }

  refusal(name: string): ProximaError {
    const key = this.#prefix + name;
    return new ProximaError('gguf-unsupported', { feature: 'key', key, value: shown(this.#gguf.keys.get(key)) });
  }

  #value(name: string): GgufValue | undefined {
    this.#asked.add(this.#prefix + name);
    return this.#gguf.keys.get(this.#prefix + name);
  }

  #uniform(name: string, value: Exclude<GgufValue, number | string | boolean>): number | undefined {
    if (value instanceof StringList || value.length === 0) return undefined;
    if (value.some((each) => each !== value[0])) throw this.refusal(name);
    return value[0];
  }
}

function shown(value: GgufValue | undefined): string {
  if (typeof value === 'object') return `a list of ${value.length}`;
  return legible(String(value));
}
