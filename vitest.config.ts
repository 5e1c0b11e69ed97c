import { defineConfig } from 'vitest/config'

/** Where CI wants a report beside what a person reads. */
const report = process.env.PHASORBUS_TEST_REPORT

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-cli.ts'],
    // Most of the suite waits for brokers and clocks: one file at a time would take twice as long on two cores.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
