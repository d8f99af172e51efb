/** Bytes that can be read piece by piece: a file on disk, a blob in a browser, an array in a test. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects when the source is shorter. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A model folder, wherever it lies. Names are relative to it, with forward slashes. */
export interface ModelFolder {
  readonly name: string;
  has(path: string): Promise<boolean>;
  open(path: string): Promise<ByteSource>;
}

/** The text of a file of the folder, as UTF-8. */
export async function readText(folder: ModelFolder, path: string): Promise<string> {
  const source = await folder.open(path);
  try {
    return new TextDecoder().decode(await source.read(0, source.size));
  } finally {
    await source.close();
  }
}

export class ArraySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.size = bytes.byteLength;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (offset + length > this.size) throw new RangeError(`read past the end: ${offset + length} > ${this.size}`);
    return this.#bytes.subarray(offset, offset + length);
  }

  async close(): Promise<void> {}
}
