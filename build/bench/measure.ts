/**
 * One measurement in a process of its own, so that its peak memory is its own too:
 *
 *     node build/bench/measure.ts engine|transformers FOLDER TOKENS PLAN ROUNDS [PLANFILE]
 *
 * Prints one line of JSON.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { totalBytes } from '../../engine/cache/memory.ts';
import { parsePlanFile } from '../../engine/cache/plan-file.ts';
import { openModelFolder } from '../../engine/folders/node.ts';
import { prefill } from '../../engine/generate/prefill.ts';
import { cacheShape } from '../../engine/local/reading.ts';
import { loadModel } from '../../engine/model/model.ts';
import { choosePolicy } from '../../engine/policy.ts';
import { createCpuRuntime } from '../../engine/runtime/cpu.ts';
import { timesOfGeneration } from './peer-generation.ts';
import { median, tokenIds } from './samples.ts';

export interface Measurement {
  /** The best round. */
  readonly prefillSeconds: number;
  /** Median milliseconds a token. */
  readonly decodeMilliseconds: number;
  readonly peakBytes: number;
  readonly cacheBytes: number | undefined;
}

/** Prefill is read so often and the best time counts: what other programs took away is no property of ours. */
const rounds = Number(process.argv[6] ?? 1);
const WARM_UP_TOKENS = 600;
const DECODED = 32;

async function measureEngine(path: string, count: number, plan: string, file?: string): Promise<Measurement> {
  const runtime = createCpuRuntime();
  const model = await loadModel(await openModelFolder(path), runtime, { dataFolder: join(path, 'onnx') });
  const planFile = file ? parsePlanFile(readFileSync(file, 'utf8'), file) : undefined;
  const policy = choosePolicy(model, { policy: plan, planFile });
  const warm = model.decoder.createCache(cacheShape(model, policy));
  await prefill(model.decoder, warm, tokenIds(WARM_UP_TOKENS));
  // As many tokens as the peer decodes to warm up: JavaScript is interpreted at first.
  for (let index = 0; index <= DECODED; index++)
    await model.decoder.forward([11], warm, { commit: false, want: 'logits' });
  const cache = model.decoder.createCache(cacheShape(model, policy));
  let prefillSeconds = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    cache.clear();
    const started = performance.now();
    await prefill(model.decoder, cache, tokenIds(count - 1));
    await model.decoder.forward([10], cache, { commit: true, want: 'logits' });
    prefillSeconds = Math.min(prefillSeconds, (performance.now() - started) / 1000);
  }
  const times: number[] = [];
  for (let index = 0; index < DECODED; index++) {
    const before = performance.now();
    await model.decoder.forward([12 + index], cache, { commit: false, want: 'logits' });
    times.push(performance.now() - before);
  }
  const cacheBytes = totalBytes(cache.parts());
  return { prefillSeconds, decodeMilliseconds: median(times), peakBytes: peakBytes(), cacheBytes };
}

async function measureTransformers(path: string, count: number): Promise<Measurement> {
  const { AutoModelForCausalLM, Tensor, env } = await import('@huggingface/transformers');
  env.allowRemoteModels = false;
  env.localModelPath = dirname(path);
  const quantised = readdirSync(join(path, 'onnx')).includes('model_q4.onnx');
  const options = { dtype: quantised ? ('q4' as const) : ('fp32' as const), device: 'cpu' as const };
  const model = await AutoModelForCausalLM.from_pretrained(basename(path), options);
  const generate = (length: number) => timesOfGeneration(model, Tensor, length, DECODED);
  await generate(WARM_UP_TOKENS);
  let prefillSeconds = Number.POSITIVE_INFINITY;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // The streamer is first given the prompt, just before it is read.
    const [before = 0, first = 0, ...rest] = await generate(count);
    const steps = [first, ...rest];
    times.push(...steps.slice(1).map((time, index) => time - (steps[index] ?? time)));
    prefillSeconds = Math.min(prefillSeconds, (first - before) / 1000);
  }
  return { prefillSeconds, decodeMilliseconds: median(times), peakBytes: peakBytes(), cacheBytes: undefined };
}

function peakBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

const [peer, path = '', count, plan = 'dense', , file] = process.argv.slice(2);
const measured =
  peer === 'engine'
    ? await measureEngine(path, Number(count), plan, file)
    : await measureTransformers(path, Number(count));
process.stdout.write(`${JSON.stringify(measured)}\n`);
