import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { takeProcessLock } from '../../src/runtime/process-lock.ts'
import { temporaryFolder } from '../journal/support/kept.ts'

const file = (folder: string): string => join(folder, 'node-1.lock')
const take = (folder: string, more: Partial<Parameters<typeof takeProcessLock>[1]> = {}) =>
  takeProcessLock(folder, { name: 'node', ...more })

/** As if another process, of another container, had it. */
async function heldElsewhere(folder: string): Promise<void> {
  const lock = await take(folder, { said: { a: 1 } })
  const holder = JSON.parse(readFileSync(file(folder), 'utf8'))
  await lock.release()
  writeFileSync(file(folder), JSON.stringify({ ...holder, pids: 'pid:[1]' }))
}

describe('the lock of a process', () => {
  it('leaves nothing behind, nor does one that was refused', async () => {
    using folder = temporaryFolder()
    const lock = await take(folder.path)
    await expect(take(folder.path)).rejects.toMatchObject({ facts: { code: 'LOCK_HELD', pid: process.pid } })
    expect(readdirSync(folder.path)).toEqual(['node-1.lock'])
    await lock.beat()
    await lock.release()
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('is another one under another name', async () => {
    using folder = temporaryFolder()
    const locks = [await take(folder.path), await take(folder.path, { name: 'journal' })]
    for (const lock of locks) await lock.release()
    expect(readdirSync(folder.path)).toEqual([])
  })

  it('tells what the holder said that did not let go', async () => {
    using folder = temporaryFolder()
    await heldElsewhere(folder.path)
    const { left } = await take(folder.path)
    expect(left).toMatchObject({ said: { a: 1 }, holder: { pid: process.pid, pids: 'pid:[1]' }, sameBoot: true })
  })

  it('is not waited for where its holder is known to be dead', async () => {
    using folder = temporaryFolder()
    await heldElsewhere(folder.path)
    const dead = JSON.parse(readFileSync(file(folder.path), 'utf8'))
    const begun = performance.now()
    await expect(take(folder.path, { dead })).resolves.toBeDefined()
    // Three beats would be three seconds.
    expect(performance.now() - begun).toBeLessThan(2000)
  })

  it('is given to who waited for a beat and saw it let go', async () => {
    using folder = temporaryFolder()
    await heldElsewhere(folder.path)
    const taking = take(folder.path)
    rmSync(file(folder.path))
    await expect(taking).resolves.toMatchObject({ left: undefined })
  })

  it('is lost to who stood still, which neither beats nor frees it then', async () => {
    using folder = temporaryFolder()
    const lock = await take(folder.path)
    rmSync(file(folder.path))
    await expect(lock.beat()).rejects.toMatchObject({ facts: { code: 'LOCK_LOST', folder: folder.path } })
    const other = await take(folder.path)
    await expect(lock.beat()).rejects.toMatchObject({ facts: { code: 'LOCK_LOST' } })
    await lock.release()
    await other.beat()
    expect(readdirSync(folder.path)).toContain('node-1.lock')
  })

  it('leaves no draft where the folder takes no file', async () => {
    using folder = temporaryFolder()
    await expect(take(join(folder.path, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(readdirSync(folder.path)).toEqual([])
  })
})
