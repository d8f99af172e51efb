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

/** What a repository holds at one commit: what is downloaded later is what was listed, whatever is pushed in between. */
export interface Listing {
  readonly repository: string;
  /** 40 hexadecimal digits. */
  readonly commit: string;
  readonly files: readonly HubFile[];
}

export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** The hub publishes it for large files only. */
  readonly sha256: string | undefined;
  /** Git's own hash of a small file. */
  readonly blobSha1: string | undefined;
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
  'quoting.json',
  'LICENSE',
];

const commitSchema = z.object({ sha: z.string().regex(/^[0-9a-f]{40}$/) });
const entrySchema = z.object({
  type: z.string(),
  path: z.string(),
  size: z.number().int().nonnegative(),
  oid: z
    .string()
    .regex(/^[0-9a-f]{40}$/)
    .optional(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/), size: z.number().int().nonnegative() }).optional(),
});

/** A hub lists 1,000 files a page; a list that is longer than this many pages is none. */
const MOST_PAGES = 100;

/** Rejects with `option-invalid`, `download-denied`, `download-missing`, `hub-unreachable` or `cancelled`. */
export async function listRepository(hub: Hub, repository: string, signal?: AbortSignal): Promise<Listing> {
  const base = `${hub.endpoint}/api/models/${requireRepository(repository)}`;
  const { sha: commit } = await ask(hub, repository, `${base}/revision/main`, commitSchema, signal);
  const entries = await listTree(hub, repository, `${base}/tree/${commit}`, signal);
  const files = entries
    .filter(({ type }) => type === 'file')
    .map(({ path, size, oid, lfs }) => ({
      path,
      bytes: lfs?.size ?? size,
      sha256: lfs?.oid,
      blobSha1: lfs ? undefined : oid,
    }));
  return { repository, commit, files };
}

async function listTree(
  hub: Hub,
  repository: string,
  address: string,
  signal: AbortSignal | undefined,
): Promise<z.infer<typeof entrySchema>[]> {
  const entries: z.infer<typeof entrySchema>[] = [];
  let next: string | undefined = '?recursive=true';
  for (let page = 0; next !== undefined; page++) {
    if (page === MOST_PAGES) throw noHub(hub, 'its list of files does not end');
    const took = (response: Response) => {
      next = nextQuery(response, address);
    };
    entries.push(...(await ask(hub, repository, `${address}${next}`, z.array(entrySchema), signal, took)));
  }
  return entries;
}

/** What a page's Link header asks for next (RFC 8288): its query alone, because a mirror's may name another host. */
function nextQuery(response: Response, address: string): string | undefined {
  const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  return link === undefined ? undefined : new URL(link, address).search;
}

async function ask<Answer>(
  hub: Hub,
  repository: string,
  url: string,
  schema: z.ZodType<Answer>,
  signal: AbortSignal | undefined,
  onResponse: (response: Response) => void = () => {},
): Promise<Answer> {
  const response = await reach(url, hub, signal);
  if (!response.ok) throw refusalOf(response.status, repository);
  onResponse(response);
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (signal?.aborted) throw new ProximaError('cancelled');
  if (answer.success) return answer.data;
  throw noHub(hub, 'it gave no list of files');
}

function noHub({ endpoint }: Hub, reason: string): ProximaError {
  return new ProximaError('hub-unreachable', { endpoint, reason });
}

async function reach(url: string, hub: Hub, signal: AbortSignal | undefined): Promise<Response> {
  try {
    return await fetch(url, { headers: headersOf(hub), ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (signal?.aborted) throw new ProximaError('cancelled');
    throw noHub(hub, firstLineOf(cause));
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

/** The files of a model under a dtype: the graph, its external data, and what stands beside it. Throws `dtype-missing` or `model-unsupported`. */
export function filesOf(files: readonly HubFile[], dtype: Dtype): HubFile[] {
  const graph = graphOf(files, dtype);
  if (!graph) throw noGraph(files, dtype);
  // External data: model_q4.onnx_data, model_q4.onnx_data_1, …; the exporter itself calls it model.onnx.data.
  const data = new RegExp(`^${RegExp.escape(graph)}(_data(_\\d+)?|\\.data)$`);
  return files.filter(({ path }) => path === graph || data.test(path) || SMALL_FILES.includes(path));
}

function noGraph(files: readonly HubFile[], dtype: Dtype): ProximaError {
  const decoder = files.find(({ path }) => /^onnx\/decoder_model_merged.*\.onnx$/.test(path));
  return decoder
    ? new ProximaError('model-unsupported', { feature: 'several graphs', file: decoder.path })
    : new ProximaError('dtype-missing', { dtype, choices: dtypesOf(files) });
}

/** Whether a file is the graph of a model: what says most of whether it runs, in few bytes where its weights lie beside it. */
export function isGraph({ path }: HubFile): boolean {
  return path.endsWith('.onnx');
}

/** Whether a file holds weights that the graph only names. */
export function isData({ path }: HubFile): boolean {
  return path.startsWith('onnx/') && !path.endsWith('.onnx');
}

/** What to download, and where to. */
export function requestFor(
  hub: Hub,
  { repository, commit }: Pick<Listing, 'repository' | 'commit'>,
  file: HubFile,
  target: string,
): DownloadRequest {
  const path = file.path.split('/').map(encodeURIComponent).join('/');
  return {
    url: `${hub.endpoint}/${repository}/resolve/${commit}/${path}`,
    target,
    sha256: file.sha256,
    blobSha1: file.blobSha1,
    bytes: file.bytes,
    headers: headersOf(hub),
  };
}
