import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkOutput } from '../../../src/cli/historian/output-file.ts'
import { temporaryFolder } from './frames-file.ts'

describe('the file of an export', () => {
  it('is not written over, unless that is asked for', async () => {
    const output = join(await temporaryFolder(), 'day.csv')
    await checkOutput(output, 'csv', false)
    await writeFile(`${output}.part`, 'half')
    await checkOutput(output, 'csv', false)
    await writeFile(output, 'all')
    await expect(checkOutput(output, 'csv', false)).rejects.toThrow(`${output} is there already`)
    await checkOutput(output, 'csv', true)
  })

  it.each(['event.cfg', 'event.dat', 'event-2.cfg'])('is none of COMTRADE: %s', async (name) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'event-day.cfg'), '')
    for (const output of ['event.cfg', 'event']) await checkOutput(join(folder, output), 'comtrade', false)
    await writeFile(join(folder, name), '')
    for (const output of ['event.cfg', 'event'])
      await expect(checkOutput(join(folder, output), 'comtrade', false)).rejects.toThrow(`${name} is there already`)
  })

  it('has a folder, which is named as it was given', async () => {
    const folder = await temporaryFolder()
    const missing = join(folder, 'no', 'such')
    await expect(checkOutput(join(missing, 'day.csv'), 'csv', true)).rejects.toMatchObject({
      message: expect.stringContaining(`there is no folder ${missing}`),
      facts: { hint: `make it: mkdir -p ${missing}` },
    })
    await writeFile(join(folder, 'file'), '')
    await expect(checkOutput(join(folder, 'file', 'day.csv'), 'csv', true)).rejects.toThrow(
      /file is a file, not a folder/,
    )
    await mkdir(join(folder, 'sub'))
    await expect(checkOutput(join(folder, 'sub'), 'csv', false)).rejects.toThrow(/sub is there already/)
  })
})
