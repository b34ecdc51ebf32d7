import { defineConfig } from 'vite';

// The bundle is checked in and compared byte for byte, so nothing here depends on time or place.
export default defineConfig({
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
  },
});
