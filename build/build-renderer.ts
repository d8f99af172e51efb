/** Builds the screen into dist/renderer. */
import { build } from 'vite';
import config from './renderer.config.ts';

await build({ ...config, configFile: false, logLevel: 'warn' });
