import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { formatLogLine, Judge, readFrameLog } from '../../judge/index.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-judge-'))
})
afterAll(() => rm(folder, { recursive: true }))

const frame = Uint8Array.of(0xaa, 0x01, 0, 16, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0x00)

it('reads back the log it writes', async () => {
  const path = join(folder, 'one.log')
  await writeFile(path, formatLogLine({ stream: 'area/site/1/PMU/7', atMs: 12.5, frame }))
  const judge = new Judge()
  judge.wrote('area/site/1/PMU/7', frame, 12)
  for await (const { stream, frame: read, atMs } of readFrameLog(path)) judge.read(stream, read, atMs)
  expect(judge.verdict()).toMatchObject({ published: 1, delivered: 1, lost: 0 })
})

it('does not guess at a line that is no frame', async () => {
  const path = join(folder, 'bad.log')
  await writeFile(path, 'S 1 zz\n')
  await expect(async () => {
    for await (const _ of readFrameLog(path)) expect.unreachable()
  }).rejects.toThrow('bad.log:1')
})
