/** Builds main, preloads and the hosts' programs into dist/electron, with the licences of the packages beside them. */
import { join } from 'node:path';
import { generateLicenseFile } from 'generate-license-file';
import { build, type InlineConfig } from 'vite';
import { calls } from '../electron/contract.ts';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/electron');

const MODULES = {
  main: 'electron/shell/main.ts',
  'engine-process': 'engine/hosts/engine-process.ts',
  'document-process': 'engine/hosts/document-process.ts',
  'explore-process': 'engine/hosts/explore-process.ts',
  'convert-process': 'engine/hosts/convert-process.ts',
};
/** Sandboxed preloads are classic scripts, whole in one file. */
const PRELOADS = { preload: 'electron/shell/preload.ts', 'engine-preload': 'electron/shell/engine-preload.ts' };

function config(input: Record<string, string>, format: 'es' | 'cjs', emptyOutDir: boolean): InlineConfig {
  const extension = format === 'es' ? 'js' : 'cjs';
  return {
    configFile: false,
    root: ROOT,
    logLevel: 'warn',
    publicDir: false,
    define: { CALL_NAMES: JSON.stringify(Object.keys(calls)) },
    ssr: { external: true },
    build: {
      ssr: true,
      target: 'node24',
      outDir: OUT,
      emptyOutDir,
      minify: false,
      rolldownOptions: {
        input: Object.fromEntries(Object.entries(input).map(([name, path]) => [name, join(ROOT, path)])),
        external: ['electron'],
        output: { format, entryFileNames: `[name].${extension}`, chunkFileNames: `[name]-[hash].${extension}` },
      },
    },
  };
}

await build(config(MODULES, 'es', true));
for (const [name, path] of Object.entries(PRELOADS)) await build(config({ [name]: path }, 'cjs', false));
await generateLicenseFile(join(ROOT, 'package.json'), join(OUT, 'licences.txt'));
