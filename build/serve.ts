/** `npm run serve [-- --port N --data DIR --model DIR]`: builds the screen if need be and serves the app; its URL on one line. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { serve } from '../electron/serve/server.ts';
import { createApp } from '../electron/services/app.ts';
import { DATA_FOLDER } from '../engine/folders/plan-store.ts';
import { readDocumentFile } from '../engine/hosts/document-reader.ts';
import { forkEngine, type RuntimeChoice } from '../engine/hosts/fork-engine.ts';
import { startLog } from '../engine/log/log.ts';
import { reportFailure } from '../engine/programs/report-failure.ts';

const ROOT = join(import.meta.dirname, '..');
const SCREEN = join(ROOT, 'dist/renderer');

const options = new Command('serve')
  .option('--port <number>', 'port on 127.0.0.1; any free one when left out', Number, 0)
  .option('--data <folder>', 'where documents and conversations are kept', DATA_FOLDER)
  .addOption(
    new Option('--runtime <runtime>', 'where the engine runs; what the settings say when left out').choices([
      'auto',
      'cpu',
      'webgpu',
    ]),
  )
  .option('--model <folder>', 'the model', join(ROOT, 'assets/models/reader'))
  .parse()
  .opts<{ port: number; data: string; model: string; runtime?: RuntimeChoice }>();

try {
  if (!existsSync(join(SCREEN, 'index.html'))) await import('./build-renderer.ts');
  startLog({ program: 'app', folder: join(options.data, 'logs'), dataFolder: options.data });
  const app = createApp({
    dataFolder: options.data,
    modelFolder: options.model,
    catalogueFile: join(ROOT, 'assets/models/catalogue.json'),
    startHost: ({ runtime, threads }, _, signal) =>
      forkEngine({ runtime: options.runtime ?? runtime, threads: threads ?? undefined, signal }),
    readFile: readDocumentFile,
  });
  const served = await serve({ app, screenFolder: SCREEN, port: options.port });
  process.stdout.write(`Proxima is ready: ${served.url}\n`);
  const stop = () => {
    app.close();
    void served.close().then(() => process.exit());
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (cause) {
  reportFailure(cause);
}
