/**
 * The GGUF fixtures against llama.cpp, which reads the same files: logits and token ids. node-llama-cpp is no dependency of Proxima (its
 * binaries are several hundred MB); the folder in which it was installed (npm install node-llama-cpp@3.21.1) is told:
 *
 *     node build/bench/gguf-peer.ts FOLDER [--int8] [NAME or PATH.gguf ...]
 *
 * A path has its token ids in a .json beside it, as build/model/reader_gguf.py writes them: logits of random weights are flat, so that the
 * largest may change with any rounding; those of a trained model are not.
 *
 * Ours multiplies with activations as they are, so that the difference is llama.cpp's rounding; with --int8, as models are imported, it is
 * that of both.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { importGguf } from '../../engine/folders/import-gguf.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { readTokenizer } from '../../engine/model/tokenizer.ts';
import { centred, differenceOf, type Expected, largestOf, ourRows } from './gguf-rows.ts';

const FIXTURES = join(import.meta.dirname, '../../tests/fixtures/gguf');
/** llama.cpp computes these otherwise than `transformers`: it leaves the windows of Mistral out. */
const OTHERWISE: ReadonlySet<string> = new Set(['mistral-window']);
const TEXTS = ['The red cat', ' a\n\nb  c\t', 'Ünïcödé — “日本語” 🦙', "it's 1234,50", '<|im_end|>', ''];

/** What is used of node-llama-cpp. */
interface Peer {
  getLlama(options: object): Promise<{ loadModel(options: object): Promise<PeerModel> }>;
}
interface PeerModel {
  tokenize(text: string, special: boolean): number[];
  createContext(options: object): Promise<{ getSequence(): PeerSequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}
interface PeerSequence {
  controlledEvaluate(
    input: (number | [number, object])[],
  ): Promise<({ next?: { probabilities?: Map<number, number> } } | undefined)[]>;
}

/** Log-probabilities of the next token after each of the last tokens, by id. */
async function peerRows(model: PeerModel, { ids }: Expected, from: number): Promise<Float64Array[]> {
  const context = await model.createContext({ contextSize: 256, batchSize: 256 });
  const options = { temperature: 1, topK: 0, topP: 1, minP: 0 };
  const input = ids.map((id, index): number | [number, object] =>
    index < from ? id : [id, { generateNext: { probabilities: true, options } }],
  );
  const outputs = await context.getSequence().controlledEvaluate(input);
  await context.dispose();
  return outputs.slice(from).map((output) => {
    const found = output?.next?.probabilities ?? new Map<number, number>();
    return Float64Array.from({ length: found.size }, (_, id) => Math.log(found.get(id) ?? Number.NaN));
  });
}

async function compare(peer: Awaited<ReturnType<Peer['getLlama']>>, path: string, folder: string): Promise<string> {
  const name = basename(path, '.gguf');
  const expected: Expected = JSON.parse(readFileSync(path.replace(/\.gguf$/, '.json'), 'utf8'));
  const from = expected.prompt / 2;
  const model = await peer.loadModel({ modelPath: path });
  await importGguf(path, folder, { activations });
  const theirs = (await peerRows(model, expected, from)).map(centred);
  const ours = (await ourRows(folder, expected, from)).map(centred);
  const tokenizer = await readTokenizer(await openModelFolder(folder), Number.POSITIVE_INFINITY);
  const otherIds = TEXTS.filter((text) => String(tokenizer.encodeText(text)) !== String(model.tokenize(text, false)));
  await model.dispose();
  const errors = ours.map((row, index) => differenceOf(row, theirs[index] ?? new Float64Array(0)));
  const same = ours.filter((row, index) => largestOf(row) === largestOf(theirs[index] ?? row)).length / ours.length;
  const largest = Math.max(...errors);
  const holds = largest < 4e-2 && same >= 0.95 && otherIds.length === 0;
  if (!holds && !OTHERWISE.has(name)) process.exitCode = 1;
  const ids = otherIds.length === 0 ? 'ids equal' : `ids differ for ${JSON.stringify(otherIds)}`;
  return `${name}: ${largest.toExponential(1)}, same top token ${(100 * same).toFixed(1)} % of ${ours.length}; ${ids}`;
}

const [installed = '', ...rest] = process.argv.slice(2);
const activations = rest.includes('--int8') ? 'int8' : 'float';
const names = rest.filter((each) => each !== '--int8');
const entry = createRequire(join(installed, 'package.json')).resolve('node-llama-cpp');
const peer: Peer = await import(pathToFileURL(entry).href);
const llama = await peer.getLlama({ gpu: false, build: 'never', logLevel: 'error' });
const files = readdirSync(FIXTURES).filter((file) => file.endsWith('.gguf'));
const chosen =
  names.length === 0 ? files : names.map((name) => (name.endsWith('.gguf') ? resolve(name) : `${name}.gguf`));
const temporary = await mkdtemp(join(tmpdir(), 'proxima-gguf-'));
try {
  for (const file of chosen) {
    process.stdout.write(
      `${await compare(llama, resolve(FIXTURES, file), join(temporary, basename(file, '.gguf')))}\n`,
    );
  }
} finally {
  await rm(temporary, { recursive: true, force: true });
}
