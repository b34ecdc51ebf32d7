import { defineConfig, type Plugin } from 'vite';
import { leanPlot } from './leanPlot.ts';

// What comes together, so that a page waits for few files and takes what it needs. A module goes to
// the first that matches or has a module that imports it; `first` is the script that begins it all.
const CHUNKS: [string, RegExp][] = [
  ['first', /src\/(main|routes)\.|src\/api\/(early|token)\.|format\/names\.|state\/(idle|theme)\.|vite\/preload-helper/],
  ['plot', /components\/plot\./],
  ['frame', /node_modules\/@(bufbuild|connectrpc)\/|src\/App\.|pages\/(List|Choose)\.|components\/(Layout|Link|Grid|Words|States|Facts|Find|LazyPart)\.|api\/(calls|pages|transport)\.|format\/(numbers|text)\.|state\//],
  ['comparison', /comparison\/ComparisonPage\.|components\/RunState\.|format\/columns\./],
  ['trace', /pages\/trace\//],
  ['data', /api\/(datasets|models)\./],
  ['lists', /pages\/lists\.|components\/Palette\./],
  ['row', /comparison\/RowPage\./],
  ['views', /pages\/(classes|latency|layers)\/\w+Page\.|pages\/RunPage\./],
  ['more', /pages\//],
];

// The page names the frame, which every address needs, and what that imports, so that they come
// together with `first`.
function preloadFrame(): Plugin {
  return {
    name: 'preload-frame',
    transformIndexHtml: {
      order: 'post',
      handler: (_, { bundle }) =>
        Object.values(bundle ?? {})
          .flatMap((file) => (file.type === 'chunk' && file.name === 'frame' ? [file.fileName, ...file.imports] : []))
          .filter((fileName) => !/\/first-/.test(fileName)) // in the page already
          .map((fileName) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: `/${fileName}` },
            injectTo: 'head' as const,
          })),
    },
  };
}

// The bundle is checked in and compared byte for byte, so nothing here depends on time or place.
export default defineConfig({
  plugins: [leanPlot(), preloadFrame()],
  resolve: {
    alias: {
      react: 'preact/compat',
      'react-dom': 'preact/compat',
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy forbids data: addresses
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    license: { fileName: 'licenses.md' },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: CHUNKS.map(([name, test], i) => ({ name, test, priority: CHUNKS.length - i })),
        },
      },
    },
  },
});
