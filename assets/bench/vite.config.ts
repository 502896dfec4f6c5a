import { defineConfig } from 'vite'

// Built for the bench alone, into a directory that it names; never part of the product.
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  build: { target: 'esnext', reportCompressedSize: false, rolldownOptions: { input: 'cytoscape.html' } },
})
