/** How the screen is built: React by vite, with pdf.js's resource files beside it. */
import { cpSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const ROOT = join(import.meta.dirname, '..');
const OUT = join(ROOT, 'dist/renderer');
const PDFJS = dirname(createRequire(import.meta.url).resolve('pdfjs-dist/package.json'));
const RESOURCES = ['cmaps', 'standard_fonts', 'wasm', 'iccs'];

export default defineConfig({
  root: join(ROOT, 'renderer'),
  base: './',
  plugins: [
    react(),
    {
      name: 'pdfjs-resources',
      closeBundle() {
        for (const folder of RESOURCES) cpSync(join(PDFJS, folder), join(OUT, 'pdfjs', folder), { recursive: true });
      },
    },
  ],
  worker: { format: 'es' },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: 'esnext',
    reportCompressedSize: false,
    license: { fileName: 'licences.md' },
    chunkSizeWarningLimit: 4096,
    rolldownOptions: { input: ['index.html', 'engine.html'].map((page) => join(ROOT, 'renderer', page)) },
  },
});
