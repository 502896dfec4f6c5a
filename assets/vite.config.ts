import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'
import { icons } from './vite.icons.ts'
import { parts } from './vite.prefetch.ts'

// Relative URLs: the server rewrites `<base href="/">` to its configured base path, and
// everything else in the pages follows from it.
export default defineConfig({
  base: './',
  plugins: [vue(), tailwindcss(), icons(), parts()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  },
  server: {
    proxy: Object.fromEntries(
      ['/api', '/health', '/openapi.json', '/socket.io'].map((path) => [
        path,
        { target: process.env['UNOC_DEV_SERVER'] ?? 'http://127.0.0.1:5001', ws: path === '/socket.io' },
      ]),
    ),
  },
  build: {
    sourcemap: false,
    // A `data:` URI would need a wider content security policy for scripts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Swagger UI is one indivisible chunk, loaded by docs.html only.
    chunkSizeWarningLimit: 2000,
    license: { fileName: 'assets/licenses.md' },
    rolldownOptions: { input: ['index.html', 'docs.html'] },
  },
  // Some lay out ten thousands of devices, on machines that also compile.
  test: { include: ['src/**/*.spec.ts'], environment: 'node', testTimeout: 30_000 },
})
