/** Looks for GGUF files where other programs keep theirs: only when asked, only in folders of these programs, and reading heads only. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';

export type ModelPlace = 'LM Studio' | 'Jan' | 'Ollama' | 'llama.cpp' | 'Hugging Face';

export interface FoundFile {
  readonly place: ModelPlace;
  /** What its program calls it. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

/** Where a person's programs may keep files. */
export interface Surroundings {
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Folders are walked no deeper and no longer than this. */
const DEEPEST = 6;
const MOST_FILES = 10_000;
/** Of a picture reader beside its model, or of a model's later parts. */
const NO_MODEL = /mmproj|-0000[2-9]-of-|-000[1-9]\d-of-/i;

/** The files that are there, place by place. Never rejects for what a folder holds. */
export async function findGgufFiles({ home, environment }: Surroundings): Promise<FoundFile[]> {
  const found = await Promise.all([
    ...PLAIN.flatMap(({ place, folders }) => folders(home, environment).map((folder) => filesIn(place, folder))),
    ...ollamaFolders(home, environment).map(ollamaFiles),
  ]);
  // The same file under two names, as links are.
  const byPath = new Map(found.flat().map((file) => [file.path, file]));
  return [...byPath.values()];
}

type Folders = (home: string, environment: Surroundings['environment']) => string[];

const present = (...paths: (string | undefined)[]) =>
  paths.filter((path) => path !== undefined && path !== '') as string[];
const within = (folder: string | undefined, ...names: string[]) => (folder ? join(folder, ...names) : undefined);

/** Programs whose models are files of any name in folders of theirs, on Linux, macOS and Windows. */
const PLAIN: readonly { readonly place: ModelPlace; readonly folders: Folders }[] = [
  { place: 'LM Studio', folders: (home) => [join(home, '.lmstudio/models'), join(home, '.cache/lm-studio/models')] },
  {
    place: 'Jan',
    folders: (home, { APPDATA, XDG_DATA_HOME }) =>
      present(
        within(XDG_DATA_HOME ?? join(home, '.local/share'), 'Jan/data/llamacpp/models'),
        join(home, 'Library/Application Support/Jan/data/llamacpp/models'),
        within(APPDATA, 'Jan/data/llamacpp/models'),
        join(home, 'jan/models'),
      ),
  },
  {
    place: 'llama.cpp',
    folders: (home, { LLAMA_CACHE, LOCALAPPDATA, XDG_CACHE_HOME }) =>
      present(
        LLAMA_CACHE,
        join(XDG_CACHE_HOME ?? join(home, '.cache'), 'llama.cpp'),
        join(home, 'Library/Caches/llama.cpp'),
        within(LOCALAPPDATA, 'llama.cpp'),
      ),
  },
  {
    place: 'Hugging Face',
    folders: (home, { HF_HUB_CACHE, HF_HOME }) =>
      present(HF_HUB_CACHE, within(HF_HOME, 'hub'), join(home, '.cache/huggingface/hub')),
  },
];

async function filesIn(place: ModelPlace, folder: string): Promise<FoundFile[]> {
  const paths = (await walk(folder)).filter((path) => path.toLowerCase().endsWith('.gguf') && !NO_MODEL.test(path));
  const found = paths.map(async (path) => fileAt(place, nameOf(place, relative(folder, path)), path));
  return (await Promise.all(found)).flat();
}

/** Jan calls every model's file model.gguf, and says by its folder which it is. */
function nameOf(place: ModelPlace, path: string): string {
  const parts = path.split(sep);
  const file = (parts.at(-1) ?? '').replace(/\.gguf$/i, '');
  return place === 'Jan' && file === 'model' ? (parts.at(-2) ?? file) : file;
}

async function fileAt(place: ModelPlace, name: string, path: string): Promise<FoundFile[]> {
  const entry = await stat(path).catch(() => undefined);
  return entry?.isFile() ? [{ place, name, path, bytes: entry.size }] : [];
}

/** All files below a folder; links to folders are not followed. */
async function walk(folder: string, depth = 0): Promise<string[]> {
  if (depth > DEEPEST) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const paths: string[] = [];
  for (const entry of entries.slice(0, MOST_FILES)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) paths.push(...(await walk(path, depth + 1)));
    else paths.push(path);
    if (paths.length > MOST_FILES) break;
  }
  return paths;
}

const ollamaFolders: Folders = (home, { OLLAMA_MODELS }) =>
  present(OLLAMA_MODELS, join(home, '.ollama/models'), '/usr/share/ollama/.ollama/models');

const MODEL_LAYER = 'application/vnd.ollama.image.model';
const LARGEST_MANIFEST = 1 << 20;
const manifestSchema = z.object({
  layers: z.array(z.object({ mediaType: z.string(), digest: z.string().regex(/^sha256:[0-9a-f]{64}$/) })),
});

/** Ollama keeps models as blobs and says in manifests (host/owner/name/tag) which blob is which model. */
async function ollamaFiles(folder: string): Promise<FoundFile[]> {
  const manifests = join(folder, 'manifests');
  const found: FoundFile[] = [];
  for (const path of await walk(manifests)) {
    const digest = await modelDigest(path);
    if (!digest) continue;
    const [, owner, name, tag] = relative(manifests, path).split(sep);
    const title = `${owner === 'library' ? '' : `${owner}/`}${name}:${tag}`;
    found.push(...(await fileAt('Ollama', title, join(folder, 'blobs', digest.replace(':', '-')))));
  }
  return found;
}

async function modelDigest(path: string): Promise<string | undefined> {
  try {
    if ((await stat(path)).size > LARGEST_MANIFEST) return undefined;
    const { layers } = manifestSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    return layers.find(({ mediaType }) => mediaType === MODEL_LAYER)?.digest;
  } catch {
    return undefined; // No manifest of a model.
  }
}
