/**
 * node build/bench/chromium-on-lavapipe/prepare.ts FOLDER
 *
 * Copies Debian's Chromium into a folder so that its WebGPU runs on Mesa's lavapipe (f16 arithmetic, subgroups of 8, several times
 * SwiftShader's speed), and prints the program's path for PROXIMA_CHROMIUM. Needs a C compiler and Mesa 25's drivers.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CHROMIUM = '/usr/lib/chromium';
const MANIFESTS = '/usr/share/vulkan/icd.d';

const [target] = process.argv.slice(2);
if (!target) throw new Error('say into which folder');
const folder = resolve(target);
cpSync(CHROMIUM, folder, { recursive: true });

const library = join(folder, 'libvk_swiftshader.so');
const swiftShader = join(folder, 'libvk_swiftshader-own.so');
renameSync(library, swiftShader);

const manifest: { ICD: { library_path: string } } = JSON.parse(readFileSync(join(MANIFESTS, 'lvp_icd.json'), 'utf8'));
const paths = { LAVAPIPE: manifest.ICD.library_path, SWIFTSHADER: swiftShader };
const names = Object.entries(paths).map(([name, path]) => `-D${name}="${path}"`);
execFileSync('cc', ['-shared', '-fPIC', '-o', library, ...names, join(import.meta.dirname, 'driver.c')]);
process.stdout.write(`${join(folder, 'chromium')}\n`);
