import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Where CI wants a report beside what a person reads. */
const report = process.env.PHASORBUS_TEST_REPORT

/** Without a cache the order is by size; what takes minutes would come last, alone. */
class LabsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLab = ({ moduleId }: TestSpecification): boolean => /\/test\/(lab\/faults|line\/pdc-faults)/.test(moduleId)
    const sorted = await super.sort(files)
    return [...sorted.filter(isLab), ...sorted.filter((file) => !isLab(file))]
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build-cli.ts'],
    // Most of the suite waits for brokers and clocks: one file at a time would take twice as long on two cores.
    maxWorkers: 2,
    sequence: { sequencer: LabsFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
