/** How the app is packed: `npm run dist` (electron-builder). What is checked of it without Electron's binary: tests/unit/dist.test.ts. */
import type { Configuration } from 'electron-builder';

const formats: readonly (readonly [extension: string, name: string, type: string])[] = [
  ['pdf', 'PDF document', 'application/pdf'],
  ['docx', 'Word document', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['epub', 'EPUB book', 'application/epub+zip'],
  ['md', 'Markdown text', 'text/markdown'],
  ['txt', 'Plain text', 'text/plain'],
];

/** A name that electron-builder fills in. */
const macro = (name: 'platform' | 'arch') => `$\{${name}}`;

const config: Configuration = {
  appId: 'app.proxima.reader',
  productName: 'Proxima',
  directories: { output: 'dist/packages', buildResources: 'assets/icons' },
  files: [
    'dist/electron/**',
    'dist/renderer/**',
    'package.json',
    'LICENSE',
    '!**/*.map',
    // The screen's build has its own copies of what it needs; the graphics card is used through Chromium, not through Dawn.
    '!node_modules/onnxruntime-web/**',
    '!node_modules/webgpu/**',
    '!node_modules/pdfjs-dist/{build,image_decoders,web,legacy/web,legacy/image_decoders}/**',
    '!node_modules/zod/src/**',
    '!node_modules/**/*.browser*.js',
    // Of the recogniser only its network, for processes that open WebAssembly by path, and its small data; of SheetJS only the module.
    '!node_modules/tesseract.js-core/*.wasm.js',
    // tesseract.js 7 takes the whole core under Node, also where only the network was asked for.
    '!node_modules/tesseract.js-core/*-lstm.*',
    '!node_modules/zlibjs/bin/!(node-zlib).js',
    '!node_modules/tesseract.js/dist/**',
    '!node_modules/@tesseract.js-data/*/4.0.0/**',
    '!node_modules/@e965/xlsx/dist/**',
    // onnxruntime-node brings its libraries for every system; a package takes its own. (A list of files under `linux` and the like
    // would not add to this one: without a pattern of its own for what is in, it takes the whole folder.)
    `!node_modules/onnxruntime-node/bin/*/!(${macro('platform')})/**`,
    `!node_modules/onnxruntime-node/bin/*/{linux,win32}/!(${macro('arch')})/**`,
  ],
  extraResources: [{ from: 'assets/models', to: 'assets/models' }],
  asar: true,
  // Native libraries, WebAssembly and the recogniser's parts are opened by path.
  asarUnpack: [
    '**/*.node',
    '**/*.wasm',
    // With what its thread imports, which sees nothing of the archive.
    'node_modules/{tesseract.js,tesseract.js-core,bmp-js,is-url,regenerator-runtime,wasm-feature-detect,zlibjs}/**',
    'node_modules/@tesseract.js-data/**',
    '**/onnxruntime-node/bin/**',
    'dist/electron/*-process.js',
  ],
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
