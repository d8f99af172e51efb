/** `npm run models -- list|catalogue|get|import|remove|verify`: the models on this machine, and those a hub has. */
import { readFile } from 'node:fs/promises';
import { setGlobalProxyFromEnv } from 'node:http';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { describeGguf } from '../folders/describe-gguf.ts';
import { findGgufFiles } from '../folders/find-models.ts';
import { isGgufFile } from '../folders/import-gguf.ts';
import { DATA_FOLDER, PlanStore } from '../folders/plan-store.ts';
import type { FoundModel } from '../hosts/converter.ts';
import { cacheBytesPerThousand, catalogueSchema } from '../hub/catalogue.ts';
import { DTYPES, type Dtype } from '../hub/dtypes.ts';
import { getModel } from '../hub/get-model.ts';
import { dtypesOf, hubFrom, listRepository } from '../hub/hub.ts';
import { type AssessedModel, assess, ModelLibrary } from '../hub/model-library.ts';
import type { ModelAssessment } from '../model/assess.ts';
import { withoutPodWords } from '../words/models.ts';
import { sentencesFor } from '../words/words.ts';
import { startProgress } from './ask/progress.ts';
import { reportFailure } from './report-failure.ts';

const CATALOGUE = join(import.meta.dirname, '../../assets/models/catalogue.json');
const FOLDER = join(DATA_FOLDER, 'models');
const MEBIBYTE = 2 ** 20;

interface Options {
  readonly data: string;
  readonly json: boolean;
  readonly dtype?: Dtype;
}

const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

setGlobalProxyFromEnv();
const hub = () => hubFrom(process.env);

function print(options: Options, value: unknown, text: string): void {
  process.stdout.write(`${options.json ? JSON.stringify(value, null, 2) : text}\n`);
}

async function list(options: Options): Promise<void> {
  const models = await new ModelLibrary(options.data).list();
  const none =
    'No models beside the built-in one. Get one (get OWNER/NAME) or import a folder or a GGUF file (import PATH).';
  print(options, models, models.map(described).join('\n') || none);
}

async function get(repository: string, options: Options): Promise<void> {
  const library = new ModelLibrary(options.data);
  const listing = await listRepository(hub(), repository, controller.signal);
  const dtype = options.dtype ?? dtypesOf(listing.files)[0] ?? 'q4';
  const folder = library.folderFor(repository, dtype);
  const progress = startProgress(`Getting ${repository} (${dtype})`, 'MiB');
  try {
    await getModel(hub(), repository, dtype, folder, {
      listing,
      signal: controller.signal,
      onProgress: ({ done, total }) => progress.update(Math.round(done / MEBIBYTE), Math.ceil(total / MEBIBYTE)),
    });
  } finally {
    progress.stop();
  }
  const model = await library.add(folder, true);
  print(options, model, described(model));
}

async function importModel(path: string, options: Options): Promise<void> {
  const library = new ModelLibrary(options.data);
  const model = (await isGgufFile(path)) ? await convert(library, path) : await library.add(path, false);
  print(options, model, described(model));
}

async function convert(library: ModelLibrary, path: string): Promise<AssessedModel> {
  const progress = startProgress(`Converting ${basename(path)}`, 'MiB');
  try {
    return await library.importGguf(path, {
      signal: controller.signal,
      onProgress: (done, total) => progress.update(Math.round(done / MEBIBYTE), Math.ceil(total / MEBIBYTE)),
    });
  } finally {
    progress.stop();
  }
}

async function find(options: Options): Promise<void> {
  const files = await findGgufFiles({ home: homedir(), environment: process.env });
  const found = [];
  for (const file of files) found.push({ ...file, ...(await describeGguf(file.path)) });
  const none = 'No GGUF files in the folders of LM Studio, Jan, Ollama, llama.cpp and Hugging Face.';
  print(options, found, found.map(told).join('\n') || none);
}

function told({ place, name, path, bytes, quantisation, contextTokens, verdict, failure }: FoundModel): string {
  const size = `${(bytes / MEBIBYTE).toFixed(0)} MiB`;
  const context = contextTokens === null ? '' : `, ${contextTokens.toLocaleString('en')} tokens of context`;
  const why = failure ? `: ${sentencesFor(failure, 'terminal')}` : '';
  return `${name} (${place})\n  ${path}\n  ${size}, ${quantisation || 'unreadable'}${context}; ${verdict}${why}`;
}

async function remove(name: string, options: Options): Promise<void> {
  const library = new ModelLibrary(options.data);
  await new PlanStore(join(options.data, '../plans')).forget((await library.find(name)).folder);
  const model = await library.remove(name);
  const what = model.own ? 'removed, with its files' : 'forgotten; its folder is untouched';
  print(options, model, `${model.name}: ${what}.`);
}

async function verify(folder: string, options: Options): Promise<void> {
  const assessment = await assess(resolve(folder));
  print(options, assessment, verdictOf(assessment));
  if (assessment.verdict === 'not supported') process.exitCode = 1;
}

async function catalogue(options: Options): Promise<void> {
  const { note, models } = catalogueSchema.parse(JSON.parse(await readFile(CATALOGUE, 'utf8')));
  const rows = models.map((model) => {
    const { dense, pod } = cacheBytesPerThousand(model);
    const bytes = `KV cache ${(dense / MEBIBYTE).toFixed(1)} MiB a 1,000 tokens, ${(pod / MEBIBYTE).toFixed(1)} with PoD`;
    const what = `${model.contextTokens.toLocaleString('en')} tokens of context; ${bytes}; ${model.licence}`;
    return `${model.title} (${model.repository})\n  ${model.state}${model.because ? `: ${model.because}` : ''}\n  ${what}`;
  });
  print(options, models, [...rows, '', note].join('\n'));
}

function described({ name, folder, assessment }: AssessedModel): string {
  return `${name}\n  ${folder}\n  ${verdictOf(assessment)}`;
}

function verdictOf({ verdict, failure, facts }: ModelAssessment): string {
  if (failure || !facts) return `${verdict}: ${failure ? sentencesFor(failure, 'terminal') : ''}`;
  const size = (facts.weightBytes / MEBIBYTE).toFixed(0);
  const cache = (facts.denseBytesPerThousand / MEBIBYTE).toFixed(1);
  const shape = `${facts.layers} layers, ${facts.keyValueHeads} KV heads of ${facts.headSize}`;
  const what = `${facts.modelType}, ${shape}, ${facts.contextTokens.toLocaleString('en')} tokens of context`;
  const plan = facts.plan === 'none' ? 'no cache plan yet' : `cache plan, ${facts.plan}`;
  const memory = `weights ${size} MiB, KV cache ${cache} MiB a 1,000 tokens (dense)`;
  const without = facts.withoutPod ? ` ${withoutPodWords(facts.withoutPod)}` : '';
  return `${verdict} — ${what}; ${memory}; ${plan}.${without}`;
}

const command = new Command('npm run models --')
  .description(
    'The models on this machine. Nothing is fetched but by `get`. HF_ENDPOINT names a mirror, HF_TOKEN a token, HTTPS_PROXY a proxy.',
  )
  .addOption(new Option('--data <folder>', 'where models are kept').default(FOLDER))
  .option('--json', 'print JSON', false);
const run = (work: (options: Options) => Promise<void>) => work(command.opts<{ data: string; json: boolean }>());
command
  .command('list')
  .description('models on this machine')
  .action(() => run(list));
command
  .command('catalogue')
  .description('models to choose from; nothing is fetched')
  .action(() => run(catalogue));
command
  .command('get <repository>')
  .description('fetch OWNER/NAME from the hub')
  .addOption(new Option('--dtype <dtype>', 'how weights are stored; the smallest that is there').choices(DTYPES))
  .action((repository: string, { dtype }: { dtype?: Dtype }) =>
    run((options) => get(repository, dtype ? { ...options, dtype } : options)),
  );
command
  .command('import <path>')
  .description('use a folder that is already there, where it is; or convert a GGUF file (FILE.gguf)')
  .action((path: string) => run((options) => importModel(path, options)));
command
  .command('find')
  .description('GGUF files in the folders of LM Studio, Jan, Ollama, llama.cpp and Hugging Face')
  .action(() => run(find));
command
  .command('remove <name>')
  .description('forget a model; fetched ones are deleted')
  .action((name: string) => run((options) => remove(name, options)));
command
  .command('verify <folder>')
  .description('say what a folder is and whether it runs')
  .action((folder: string) => run((options) => verify(folder, options)));

try {
  await command.parseAsync();
} catch (cause) {
  reportFailure(cause);
}
