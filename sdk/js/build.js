// Makes dist/ from src/: for Node and bundlers as ES and CommonJS modules, for browsers also as one
// file without modules (globals `Tutti` and, if nobody else is that, `Twilio.Sync`).

import { build } from 'esbuild';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(await readFile(at('package.json'), 'utf8'));

const common = {
  bundle: true,
  target: 'es2022',
  logLevel: 'warning',
  banner: { js: `/*! tutti-sync ${version}, Apache-2.0 */` },
};

// Browsers have a WebSocket; what Node needs in its place stays out of their files.
const browsersOwnWebSocket = {
  name: 'browsers-own-websocket',
  setup({ onLoad }) {
    onLoad({ filter: /websocket\.node\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

// Errors are those of the application's other import, or instanceof would not know them.
const sameErrors = {
  name: 'same-errors',
  setup({ onResolve }) {
    onResolve({ filter: /\/errors\.js$/ }, () => ({ path: 'tutti-sync', external: true }));
  },
};

const entry = at('src/index.js');
const forBrowsers = {
  ...common,
  entryPoints: [entry],
  plugins: [browsersOwnWebSocket],
  minify: true,
};
const browserFile = at('dist/tutti-sync.browser.js');
const globals = 'globalThis.Twilio ??= {}; globalThis.Twilio.Sync ??= globalThis.Tutti;';

await Promise.all([
  build({ ...common, entryPoints: [entry], format: 'esm', outfile: at('dist/tutti-sync.mjs') }),
  build({ ...common, entryPoints: [entry], format: 'cjs', outfile: at('dist/tutti-sync.cjs') }),
  build({ ...forBrowsers, format: 'esm', outfile: at('dist/tutti-sync.browser.mjs') }),
  build({
    ...forBrowsers,
    format: 'iife',
    globalName: 'globalThis.Tutti',
    footer: { js: globals },
    outfile: browserFile,
  }),
  ...['react', 'server'].flatMap((name) =>
    ['esm', 'cjs'].map((format) =>
      build({
        ...common,
        entryPoints: [at(`src/${name}.js`)],
        external: ['react', 'node:crypto'],
        plugins: [sameErrors],
        format,
        outfile: at(`dist/${name}.${format === 'esm' ? 'mjs' : 'cjs'}`),
      }),
    ),
  ),
]);

const file = await readFile(browserFile);
console.log(`${file.length} bytes minified, ${gzipSync(file, { level: 9 }).length} gzipped`);
