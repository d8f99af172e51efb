/**
 * npm run bench:formats [-- --tokens 16384]: decode attention over pages of each format on WebGPU, in Node on Dawn: the share of a plain
 * copy's bytes a second that it reaches, and how long it takes beside f16. Writes build/bench/results/formats.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { FORMATS, type Format, vectorBytes } from '../../engine/cache/format.ts';
import { readKernelFiles } from '../../engine/runtime/kernel-files.ts';
import { requestDevice } from '../../engine/runtime/webgpu-device.ts';
import { requestNodeAdapter } from '../../engine/runtime/webgpu-node.ts';
import { measureBandwidth } from './webgpu-page/bandwidth.ts';
import { machineOf, SUBJECTS } from './webgpu-rows.ts';

const { values: options } = parseArgs({ options: { tokens: { type: 'string', default: '16384' } } });
const tokens = Number(options.tokens);
const adapter = await requestNodeAdapter();
if (!adapter) throw new Error('Dawn finds no adapter; VK_ICD_FILENAMES names a driver');
const { vendor, architecture, description } = adapter.info;
const machine = machineOf([vendor, architecture, description].filter(Boolean).join(' '));
const device = await requestDevice(adapter);

interface Row {
  readonly shape: string;
  readonly format: Format;
  readonly bytes: number;
  readonly milliseconds: number;
  /** Bytes a second that attention reads, over those that a copy reads and writes. */
  readonly ofCopy: number;
}

const rows: Row[] = [];
for (const { name, attention } of SUBJECTS) {
  for (const format of FORMATS) {
    const rates = await measureBandwidth(device, readKernelFiles(), attention, tokens, format);
    const bytes = tokens * attention.keyValueHeads * 2 * vectorBytes(format, attention.headSize);
    rows.push({
      shape: name,
      format,
      bytes,
      milliseconds: (bytes / rates.attention) * 1000,
      ofCopy: rates.attention / rates.copy,
    });
  }
}
device.destroy();
const lines = rows.map(({ shape, format, bytes, milliseconds, ofCopy }) => {
  const f16 = rows.find((each) => each.shape === shape)?.milliseconds ?? milliseconds;
  const cells = [
    shape,
    format,
    (bytes / 2 ** 20).toFixed(1),
    milliseconds.toFixed(2),
    `${(f16 / milliseconds).toFixed(2)}×`,
    ofCopy.toFixed(3),
  ];
  return `| ${cells.join(' | ')} |`;
});
const head = ['| shape | format | MiB | ms | over f16 | of a copy |', '|---|---|---|---|---|---|'];
process.stdout.write(`${[machine, `${tokens} tokens`, '', ...head, ...lines].join('\n')}\n`);
const results = join(import.meta.dirname, 'results');
mkdirSync(results, { recursive: true });
writeFileSync(
  join(results, 'formats.json'),
  `${JSON.stringify({ machine, tokens, date: new Date().toISOString().slice(0, 10), rows }, null, 2)}\n`,
);
process.exit(); // Dawn keeps the process alive.
