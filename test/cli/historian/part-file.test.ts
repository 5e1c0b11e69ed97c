import { access, mkdtemp, readFile, rename, rm, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { PartFile } from '../../../src/cli/historian/part-file.ts'

const of = { asked: 'PMU 1 from 2h', channels: [], fromUs: 0, toUs: 300 }
const bytes = (text: string): Uint8Array => Buffer.from(text)

async function fileName(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-part-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, 'day.csv')
}

describe('a file that is written in parts', () => {
  it('goes on after the last part that was finished, with the period of the first run', async () => {
    const path = await fileName()
    const first = await PartFile.open(path, of)
    await first.write(bytes('one '))
    await first.reached(100, 1)
    await first.write(bytes('half of tw'))
    await first.close()

    const second = await PartFile.open(path, { ...of, fromUs: 7, toUs: 900 })
    expect([second.fromUs, second.nextUs, second.toUs, second.frames]).toEqual([0, 100, 300, 1])
    await second.write(bytes('two '))
    await second.reached(200, 2)
    await second.write(bytes('three'))
    await second.reached(300, 3)
    await second.close()
    await expect(access(path)).rejects.toThrow()
    await second.finish()
    expect(await readFile(path, 'utf8')).toBe('one two three')
    await expect(access(`${path}.part.json`)).rejects.toThrow()
  })

  it.each([
    ['became the file just before the run was killed', (path: string) => rename(`${path}.part`, path)],
    ['is not there', (path: string) => rm(`${path}.part`)],
    ['is shorter than it was', (path: string) => truncate(`${path}.part`, 2)],
  ])('begins anew where what was written %s', async (_, happens) => {
    const path = await fileName()
    const first = await PartFile.open(path, of)
    await first.write(bytes('one '))
    await first.reached(300, 1)
    await first.close()
    await happens(path)

    const second = await PartFile.open(path, { ...of, fromUs: 7, toUs: 900 })
    expect([second.fromUs, second.nextUs, second.toUs, second.frames]).toEqual([7, 7, 900, 0])
    await second.write(bytes('anew'))
    await second.reached(900, 1)
    await second.close()
    await second.finish()
    expect(await readFile(path, 'utf8')).toBe('anew')
  })

  it('begins anew where no part was finished, and is no other export’s', async () => {
    const path = await fileName()
    const first = await PartFile.open(path, of)
    await first.write(bytes('half'))
    await first.close()
    const second = await PartFile.open(path, of)
    expect(second.nextUs).toBe(0)
    await second.write(bytes('x'))
    await second.reached(100, 1)
    await second.close()
    expect(await readFile(`${path}.part`, 'utf8')).toBe('x')
    await expect(PartFile.open(path, { ...of, asked: 'PMU 1 from 3h' })).rejects.toThrow(
      /is another export: PMU 1 from 2h/,
    )
  })
})
