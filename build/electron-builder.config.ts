/** How the app is packed: `npm run dist` (electron-builder). What is checked of it without Electron's binary: tests/unit/dist.test.ts. */
import type { Configuration } from 'electron-builder';

const formats: readonly (readonly [extension: string, name: string, type: string])[] = [
  ['pdf', 'PDF document', 'application/pdf'],
  ['docx', 'Word document', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['epub', 'EPUB book', 'application/epub+zip'],
  ['md', 'Markdown text', 'text/markdown'],
  ['txt', 'Plain text', 'text/plain'],
];

const config: Configuration = {
  appId: 'app.proxima.reader',
  productName: 'Proxima',
  directories: { output: 'dist/packages', buildResources: 'assets/icons' },
  files: ['dist/electron/**', 'dist/renderer/**', 'package.json', 'LICENSE', '!**/*.map'],
  extraResources: [{ from: 'assets/models', to: 'assets/models' }],
  asar: true,
  // Native libraries and WebAssembly are opened by path.
  asarUnpack: ['**/*.node', '**/*.wasm', '**/onnxruntime-node/bin/**', 'dist/electron/*-process.js'],
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  },
  fileAssociations: formats.map(([ext, name, mimeType]) => ({ ext, name, mimeType, role: 'Viewer' })),
  mac: { target: [{ target: 'dmg', arch: ['universal'] }], category: 'public.app-category.productivity' },
  win: { target: ['nsis'] },
  linux: { target: ['AppImage', 'deb'], category: 'Office', maintainer: 'Proxima' },
};

export default config;
