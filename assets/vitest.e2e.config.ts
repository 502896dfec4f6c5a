import { defineConfig } from 'vitest/config'

// The journeys: a real browser against the real binary. `npm run e2e`.
export default defineConfig({
  test: {
    include: ['e2e/**/*.spec.ts'],
    environment: 'node',
    // Two cores carry the browser and the server already.
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
})
