/** Before any test: the screen is built once, so that the app's tests serve what the sources say. */
import { build } from 'vite';
import config from '../build/renderer.config.ts';

export async function setup(): Promise<void> {
  await build({ ...config, configFile: false, logLevel: 'error' });
}
