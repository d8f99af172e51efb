/**
 * The app as electron-builder packs it, for Linux, but around an empty folder in the place of Electron's binary: which files come
 * along, that what they import comes along too, and what it weighs.
 */
import { execFileSync, fork } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import { build, type Configuration, Platform } from 'electron-builder';
import { beforeAll, describe, expect, it } from 'vitest';
import config from '../../build/electron-builder.config.ts';
import type { DocumentMessage } from '../../engine/hosts/document-reader.ts';
import { ROOT, temporaryFolder } from './command.ts';
import { pictureOf } from './scanned.ts';

interface Asar {
  listPackage(archive: string, options: { isPack: boolean }): string[];
  statFile(archive: string, name: string): { size?: number; unpacked?: boolean };
  extractFile(archive: string, name: string): Buffer;
  extractAll(archive: string, folder: string): void;
}
const builder = createRequire(createRequire(import.meta.url).resolve('electron-builder/package.json'));
const asar = createRequire(builder.resolve('app-builder-lib/package.json'))('@electron/asar') as Asar;

const MEBIBYTE = 2 ** 20;
const archive = (folder: string) => join(folder, 'out/linux-unpacked/resources/app.asar');

/** As much of Electron's folder as packing looks at. */
function emptyElectron(folder: string): string {
  mkdirSync(join(folder, 'resources'), { recursive: true });
  for (const name of ['electron', 'LICENSE', 'LICENSES.chromium.html', 'version', 'chrome_crashpad_handler'])
    writeFileSync(join(folder, name), '');
  return folder;
}

/** The packages that a program imports from. */
function packagesOf(program: string): string[] {
  const imported = [...program.matchAll(/(?:from|import\()\s*["']([^"'.][^"']*)["']/g)].map(([, name = '']) => name);
  return imported
    .filter((name) => name !== 'electron' && !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
}

describe('the package', () => {
  const folder = temporaryFolder();
  let files: string[];

  beforeAll(async () => {
    execFileSync(process.execPath, [join(ROOT, 'build/build-electron.ts')], { stdio: 'inherit' });
    // There is no binary to turn fuses in.
    const { electronFuses, ...rest } = config;
    const own: Configuration = {
      ...rest,
      electronDist: emptyElectron(join(folder, 'electron')),
      directories: { ...rest.directories, output: join(folder, 'out') },
    };
    await build({ projectDir: ROOT, publish: 'never', targets: Platform.LINUX.createTarget('dir'), config: own });
    files = asar
      .listPackage(archive(folder), { isPack: false })
      .map((name) => name.slice(1))
      .filter((name) => asar.statFile(archive(folder), name).size !== undefined);
  }, 120_000);

  it('has the built app, its packages and its licences, and nothing of the sources', () => {
    const roots = new Set(
      files.map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('dist') ? 2 : 1)
          .join('/'),
      ),
    );
    expect([...roots].sort()).toEqual(['LICENSE', 'dist/electron', 'dist/renderer', 'node_modules', 'package.json']);
    expect(files.filter((name) => /\.(map|tsx|pt|py)$/.test(name))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['dist/electron/licences.txt', 'dist/renderer/licences.md']));
  });

  it('has every package that its programs import, and names its licence', () => {
    const programs = files.filter((name) => /^dist\/electron\/.*\.c?js$/.test(name));
    expect(programs).toEqual(
      expect.arrayContaining(['main', 'engine-process', 'document-process'].map((each) => `dist/electron/${each}.js`)),
    );
    const licences = asar.extractFile(archive(folder), 'dist/electron/licences.txt').toString();
    for (const program of programs) {
      const packages = packagesOf(asar.extractFile(archive(folder), program).toString());
      // The graphics card's runtime for Node is not packed: Electron's Chromium has its own.
      const packed = program.includes('webgpu-node')
        ? packages.filter((name) => !['onnxruntime-web', 'webgpu'].includes(name))
        : packages;
      expect(files, program).toEqual(expect.arrayContaining(packed.map((name) => `node_modules/${name}/package.json`)));
      for (const name of packages) expect(licences).toContain(`- ${name}@`);
    }
  });

  it('leaves outside of the archive what is opened by path, for one system only', () => {
    const native = files.filter((name) => /\.(node|wasm)$|\.so\b/.test(name));
    expect(native.length).toBeGreaterThan(3);
    for (const name of native) expect(asar.statFile(archive(folder), name).unpacked, name).toBe(true);
    const runtimes = files.filter((name) => name.includes('onnxruntime-node/bin'));
    expect(runtimes.every((name) => name.includes(`/linux/${process.arch}/`))).toBe(true);
  });

  it('recognises scans with what is packed, and with what lies outside of the archive alone in its thread', async () => {
    // Node can't read the archive, Electron can: here it is laid out as a folder, and what is outside of it lies beside it.
    const app = join(folder, 'app.asar');
    asar.extractAll(archive(folder), app);
    renameSync(`${archive(folder)}.unpacked`, `${app}.unpacked`);
    writeFileSync(join(app, 'scan.png'), pictureOf(['The toll is four dollars.']));
    const program = join(app, 'dist/electron/document-process.js');
    const child = fork(program, { serialization: 'advanced', stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const answered = new Promise<DocumentMessage>((resolve, reject) => {
      child.on('message', (message: DocumentMessage) => message.type !== 'progress' && resolve(message));
      child.on('exit', () => reject(new Error('it ended')));
    });
    const recognition = { language: 'nld' };
    child.send({ type: 'read', path: join(app, 'scan.png'), name: 'scan.png', password: undefined, recognition });
    const message = await answered.finally(() => child.kill());
    expect(message.type === 'document' && message.document.pages[0]?.text).toBe('The toll is four dollars.');
  });

  it('weighs less than 170 MiB beside Electron, the model at most 20 MB', () => {
    const bytes = files.reduce((sum, name) => sum + (asar.statFile(archive(folder), name).size ?? 0), 0);
    const model = readFileSync(join(folder, 'out/linux-unpacked/resources/assets/models/reader/onnx/model.onnx'));
    process.stdout.write(`The package beside Electron: ${Math.round((bytes + model.length) / MEBIBYTE)} MiB.\n`);
    expect(bytes + model.length).toBeLessThan(170 * MEBIBYTE);
    expect(model.length).toBeLessThan(20e6);
  });
});
