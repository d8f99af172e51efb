/** Runs in Chromium: measures our engine, its attention kernel, a copy kernel and transformers.js on one WebGPU adapter. */
import { kernelSources } from '../../../engine/runtime/webgpu-browser.ts';
import { requestDevice } from '../../../engine/runtime/webgpu-device.ts';
import type { EngineUnderTest } from '../engine-under-test.ts';
import { type AttentionShapeMeasured, measureBandwidth } from './bandwidth.ts';
import { openEngine } from './engine.ts';
import { measurePeer } from './peer.ts';

export interface WebGpuBench {
  adapter(): Promise<string>;
  open(folder: string): Promise<void>;
  /** Seconds for so many tokens, with the logits of the last. */
  prefill(tokens: number, policy: 'dense' | 'pod', sampled: boolean): Promise<number>;
  /** Median milliseconds a token behind so many tokens. */
  decode(tokens: number, policy: 'dense' | 'pod'): Promise<{ milliseconds: number; cacheBytes: number }>;
  close(): Promise<void>;
  /** Bytes a second that decode attention reads, and that a copy reads and writes. */
  bandwidth(shape: AttentionShapeMeasured, tokens: number): Promise<{ attention: number; copy: number }>;
  peer(folder: string, tokens: number): Promise<{ prefillSeconds: number; decodeMilliseconds: number }>;
}

declare global {
  interface Window {
    bench: WebGpuBench;
  }
}

let engine: EngineUnderTest | undefined;
const opened = (): EngineUnderTest => {
  if (!engine) throw new Error('no engine is open');
  return engine;
};

async function adapter(): Promise<GPUAdapter> {
  const found = await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!found) throw new Error('this Chromium has no WebGPU adapter');
  return found;
}

window.bench = {
  adapter: async () => {
    const { vendor, architecture, description } = (await adapter()).info;
    return [vendor, architecture || description].filter(Boolean).join(' ');
  },
  open: async (folder) => {
    engine = await openEngine(new URL(folder, location.href).href);
  },
  prefill: (tokens, policy, sampled) => opened().prefill(tokens, policy, sampled),
  decode: (tokens, policy) => opened().decode(tokens, policy),
  close: async () => {
    await engine?.close();
    engine = undefined;
  },
  bandwidth: async (shape, tokens) => {
    const device = await requestDevice(await adapter());
    try {
      return await measureBandwidth(device, kernelSources(), shape, tokens);
    } finally {
      device.destroy();
    }
  },
  peer: measurePeer,
};
