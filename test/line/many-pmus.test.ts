import { expect, it } from 'vitest'
import { startLine } from '../support/line.ts'
import { blueFrame, bluePmu } from '../support/live-frames.ts'

const idcodes = Array.from({ length: 300 }, (_, i) => i + 1)
const instants = 20

it('carries 300 PMUs in one process, each on its own', async () => {
  await using line = await startLine({ broker: 'embedded', configurations: idcodes.map(bluePmu) })
  for (let i = 0; i < instants; i++) {
    for (const idcode of idcodes) line.send(blueFrame(idcode, 1_700_000_000_000 + i * 20))
    await line.read((i + 1) * idcodes.length)
  }
  const count = idcodes.length * instants
  expect(line.judge.streams).toHaveLength(idcodes.length)
  expect(line.judge.verdict()).toMatchObject({
    published: count,
    delivered: count,
    lost: 0,
    duplicated: 0,
    differing: 0,
    reordered: 0,
  })
})
