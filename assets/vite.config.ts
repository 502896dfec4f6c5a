import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vitest/config'

// Relative URLs: the server rewrites `<base href="/">` to its configured base path, and
// everything else in the pages follows from it.
export default defineConfig({
  base: './',
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_PROD_DEVTOOLS__: 'false',
    __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
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
  test: { include: ['src/**/*.spec.ts'], environment: 'node' },
})
