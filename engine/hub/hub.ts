/** A hub of model repositories: which files a repository has, and which of them a model needs. */
import { z } from 'zod';
import { firstLineOf, ProximaError } from '../errors.ts';
import type { DownloadRequest } from './download.ts';
import { DTYPES, type Dtype } from './dtypes.ts';
import { requireRepository } from './repository.ts';
import { refusalOf } from './responses.ts';

export interface Hub {
  /** Base address, without a slash at its end: the hub itself, or a mirror (`HF_ENDPOINT`). */
  readonly endpoint: string;
  /** For models behind terms. */
  readonly token?: string | undefined;
}

const PUBLIC_HUB = 'https://huggingface.co';

/** As the environment names it: HF_ENDPOINT, HF_TOKEN. */
export function hubFrom({ HF_ENDPOINT, HF_TOKEN }: NodeJS.ProcessEnv): Hub {
  return { endpoint: (HF_ENDPOINT || PUBLIC_HUB).replace(/\/+$/, ''), token: HF_TOKEN || undefined };
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** The hub publishes it for large files only. */
  readonly sha256: string | undefined;
}

const SUFFIXES: Readonly<Record<Dtype, readonly string[]>> = {
  q4f16: ['_q4f16'],
  q4: ['_q4'],
  int8: ['_int8', '_quantized'],
  fp16: ['_fp16'],
  fp32: [''],
};
/** Beside the graph; those that are there are taken. */
const SMALL_FILES = [
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'vocab.json',
  'merges.txt',
  'special_tokens_map.json',
  'chat_template.jinja',
  'pod.json',
  'LICENSE',
];

const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.number().int().nonnegative(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }).optional(),
});

/** Rejects with `option-invalid`, `download-denied`, `download-missing` or `download-failed`. */
export async function listRepository(hub: Hub, repository: string, signal?: AbortSignal): Promise<HubFile[]> {
  const url = `${hub.endpoint}/api/models/${requireRepository(repository)}/tree/main?recursive=true`;
  const response = await reach(url, hub, signal);
  if (!response.ok) throw refusalOf(response.status, repository);
  const entries = z.array(entrySchema).safeParse(await response.json());
  if (!entries.success) {
    throw new ProximaError('hub-unreachable', { endpoint: hub.endpoint, reason: 'it gave no list of files' });
  }
  return entries.data
    .filter(({ type }) => type === 'file')
    .map(({ path, size, lfs }) => ({ path, bytes: lfs?.size ?? size, sha256: lfs?.oid }));
}

async function reach(url: string, hub: Hub, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { headers: headersOf(hub), ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (signal?.aborted) throw new ProximaError('cancelled');
    throw new ProximaError('hub-unreachable', { endpoint: hub.endpoint, reason: firstLineOf(cause) });
  }
}

function headersOf({ token }: Hub): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** The dtypes that a repository has graphs of, best for a personal card first. */
export function dtypesOf(files: readonly HubFile[]): Dtype[] {
  return DTYPES.filter((dtype) => graphOf(files, dtype) !== undefined);
}

function graphOf(files: readonly HubFile[], dtype: Dtype): string | undefined {
  const names = SUFFIXES[dtype].map((suffix) => `onnx/model${suffix}.onnx`);
  return names.find((name) => files.some(({ path }) => path === name));
}

/** The files of a model under a dtype: the graph, its external data, and what stands beside it. Throws `download-missing`. */
export function filesOf(files: readonly HubFile[], dtype: Dtype): HubFile[] {
  const graph = graphOf(files, dtype);
  if (!graph) {
    throw new ProximaError('dtype-missing', { dtype, choices: dtypesOf(files) });
  }
  // External data: model_q4.onnx_data, model_q4.onnx_data_1, …
  const data = new RegExp(`^${RegExp.escape(graph)}_data(_\\d+)?$`);
  return files.filter(({ path }) => path === graph || data.test(path) || SMALL_FILES.includes(path));
}

/** What to download, and where to. */
export function requestFor(hub: Hub, repository: string, file: HubFile, target: string): DownloadRequest {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    url: `${hub.endpoint}/${repository}/resolve/main/${path}`,
    target,
    sha256: file.sha256,
    bytes: file.bytes,
    headers: headersOf(hub),
  };
}
