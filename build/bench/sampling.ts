/** `npm run bench:sampling`: what choosing one token takes among 151,936 (the vocabulary of Qwen 2 and 3), in milliseconds. */
import { createSampler, seededRandom } from '../../engine/generate/sampling.ts';
import { median } from './samples.ts';

const VOCABULARY = 151_936;
const TOKENS = 200;
const WARM_UP = 30;

const WAYS = [
  { temperature: 0.7, topK: 20, topP: 0.8 },
  { temperature: 1, topK: 50, topP: 1 },
  { temperature: 0.7, topK: 0, topP: 0.9 },
  { temperature: 1, topK: 0, topP: 1 },
];

/** Normally distributed, deviation 3: how logits of language models are spread, roughly. */
function randomLogits(): Float32Array {
  const random = seededRandom(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Float32Array.from({ length: VOCABULARY }, () => 3 * normal());
}

const logits = randomLogits();
process.stdout.write('| temperature | top-k | top-p | median ms | 95th percentile ms |\n|---|---|---|---|---|\n');
for (const way of WAYS) {
  const sampler = createSampler({ ...way, repetitionPenalty: 1.1, seed: 1 });
  const said: number[] = [];
  const times = Array.from({ length: WARM_UP + TOKENS }, () => {
    const started = performance.now();
    said.push(sampler(logits, said));
    return performance.now() - started;
  }).slice(WARM_UP);
  const slow = times.toSorted((a, b) => a - b)[Math.floor(TOKENS * 0.95)] ?? 0;
  const { temperature, topK, topP } = way;
  process.stdout.write(`| ${temperature} | ${topK} | ${topP} | ${median(times).toFixed(2)} | ${slow.toFixed(2)} |\n`);
}
