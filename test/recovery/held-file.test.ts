import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import fc from 'fast-check'
import { afterAll, describe, expect, inject, it } from 'vitest'
import { HeldFile, type HeldFileSettings } from '../../src/recovery/held-file.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import type { Log } from '../../src/runtime/service.ts'
import { type Account, accountedFor, type GridSource, type StreamLedger } from '../../src/streams/index.ts'
import { frameAt, usOf } from '../streams/slot-frames.ts'
import { until } from '../support/until.ts'

const root = mkdtempSync(join(tmpdir(), 'held-file-'))
afterAll(() => rmSync(root, { recursive: true }))
let files = 0

const T0 = 1_700_000_000
const STREAM = 'a/b/c/PMU/1'
const grid: GridSource = { dataRate: 50, timeBase: 1_000_000 }

function opened(path = join(root, `held-${files++}`), settings: Partial<HeldFileSettings> = {}, log: Log = silentLog) {
  const metrics = createMetrics()
  const file = HeldFile.open(path, { consumer: 'pdc', keepDays: 36_500, ...settings }, { log, metrics })
  return {
    path,
    file,
    metrics,
    [Symbol.dispose]: () => file.close(),
    /** As a consumer does it: judge, take, deliver, record. */
    live: (index: number, stream = STREAM, source = grid) => {
      const ledger = file.ledger(stream)
      ledger.configuration(source)
      const verdict = ledger.live(frameAt(source, T0, index), usOf(source, T0, index))
      if (verdict !== 'fresh') return verdict
      ledger.take()
      file.took(stream, usOf(source, T0, index), 'live')
      return verdict
    },
    late: (index: number, stream = STREAM, source = grid) => {
      const verdict = file.ledger(stream).late(frameAt(source, T0, index), source, usOf(source, T0, index + 1e6))
      if (verdict !== 'fresh') return verdict
      file.ledger(stream).take()
      file.took(stream, usOf(source, T0, index), 'late')
      return verdict
    },
  }
}

const src = dirname(dirname(inject('cliMain')))

/** One descriptor is left for the file, none for its folder; then all are. */
const shortOfDescriptors = `
import { closeSync, openSync } from 'node:fs'
const [src, path] = process.argv.slice(1)
const load = (module) => import('file://' + src + '/' + module)
const { HeldFile } = await load('recovery/held-file.js')
const { createMetrics } = await load('runtime/metrics.js')
const { silentLog } = await load('runtime/log.js')
const metrics = createMetrics()
const failing = metrics.gauge('phasorbus_recovery_held_failing', 'as the file says', { consumer: 'pdc' })
const taken = []
try {
  for (;;) taken.push(openSync('/dev/null'))
} catch {}
closeSync(taken.pop())
const codes = []
const log = { ...silentLog, error: ({ error }) => codes.push(error.code) }
HeldFile.open(path, { consumer: 'pdc', retryMs: 5 }, { log, metrics })
const before = failing.value
for (const fd of taken) closeSync(fd)
console.log('failing', before)
console.log(...codes)
const timer = setInterval(() => {
  if (failing.value !== 0) return
  console.log('failing', failing.value)
  clearInterval(timer)
}, 5)
`

/** Without what only a snapshot keeps: frames that were not accounted. */
function held(ledger: StreamLedger): Partial<Account> {
  const account = ledger.account()
  expect(accountedFor(account)).toBe(account.expected)
  const { duplicates: _, conflicts: __, outside: ___, ...rest } = account
  return rest
}

describe('the file of what is held', () => {
  it('gives back what was taken, lost and explained, of every stream', () => {
    using before = opened()
    for (const index of [0, 1, 2, 9]) before.live(index)
    before.late(4)
    before.live(0, 'a/b/c/PMU/2', { dataRate: 10, timeBase: 1000 })
    before.live(7, 'a/b/c/PMU/2', { dataRate: 10, timeBase: 1000 })
    const ledger = before.file.ledger(STREAM)
    const ranges = [{ fromUs: usOf(grid, T0, 5), toUs: usOf(grid, T0, 7), verdict: 'never-produced' }] as const
    ledger.absent(ranges)
    before.file.absent(STREAM, ranges)
    ledger.late(frameAt(grid, T0, 7), grid, usOf(grid, T0, 9))
    ledger.giveUp('other-configuration')
    before.file.gaveUp(STREAM, usOf(grid, T0, 7), 'other-configuration')
    before.file.flush()

    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toEqual(held(ledger))
    expect(held(after.file.ledger(STREAM))).toEqual({
      expected: 10,
      live: 4,
      late: 1,
      neverProduced: 2,
      notReceived: {},
      lost: { 'other-configuration': 1 },
      pending: 2,
    })
    expect(held(after.file.ledger('a/b/c/PMU/2'))).toMatchObject({ expected: 8, live: 2, pending: 6 })
    expect([after.late(0), after.late(3)]).toEqual(['duplicate', 'fresh'])
  })

  it('writes what became of other frames by itself, once per turn of the event loop', async () => {
    using before = opened()
    for (let index = 0; index < 10; index++) before.live(index)
    before.file.flush()
    before.file.released(STREAM, usOf(grid, T0, 9), 'live')
    before.file.gaveUp(STREAM, usOf(grid, T0, 8), 'too-late')
    const size = readFileSync(before.path).length
    await new Promise(setImmediate)
    expect(readFileSync(before.path).length).toBeGreaterThan(size)
    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 10, pending: 1 })
  })

  it('expects nothing of a stream from its retirement until it came again, and all since', () => {
    using before = opened()
    for (const index of [0, 1]) before.live(index)
    before.file.retired(STREAM)
    for (const index of [10_000, 10_001]) before.live(index)
    before.file.flush()

    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 4, live: 4, pending: 0 })
    after.live(10_300)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 303, live: 5, pending: 298 })
  })

  it('has pending what was explained and then opened again', () => {
    using before = opened()
    for (const index of [0, 10]) before.live(index)
    const [fromUs, toUs] = [usOf(grid, T0, 0.5), usOf(grid, T0, 9.5)]
    const ranges = [{ fromUs, toUs, verdict: 'never-produced' }] as const
    before.file.ledger(STREAM).absent(ranges)
    before.file.absent(STREAM, ranges)
    expect(before.file.ledger(STREAM).reopen(fromUs, toUs, new Set())).toBe(9)
    before.file.reopened(STREAM)
    before.live(11)
    before.file.flush()

    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 12, live: 3, neverProduced: 0, pending: 9 })
  })

  it('writes a frame as two bytes, in one block per flush', () => {
    using before = opened()
    for (let index = 0; index < 10; index++) before.live(index)
    before.file.flush()
    const size = readFileSync(before.path).length
    for (let index = 10; index < 20; index++) before.live(index)
    before.file.flush()
    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 20, live: 20 })
    // A block's header, and two bytes a frame.
    expect(readFileSync(before.path).length - size).toBeLessThanOrEqual(8 + 10 * 2)
  })

  it('comes back after kill -9 at any byte, with all turns but the one that was being written', () => {
    const turns = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 4 }), { maxLength: 8 })
    fc.assert(
      fc.property(turns, fc.boolean(), (steps, isZeroFilled) => {
        using before = opened()
        let index = 0
        const states = [{ size: readFileSync(before.path).length, accounts: held(before.file.ledger(STREAM)) }]
        for (const turn of steps) {
          for (const skipped of turn) {
            index += 1 + skipped
            before.live(index)
            if (skipped === 2) before.late(index - 1)
          }
          before.file.flush()
          states.push({ size: readFileSync(before.path).length, accounts: held(before.file.ledger(STREAM)) })
        }
        const bytes = readFileSync(before.path)
        const path = join(root, `cut-${files++}`)
        for (let size = states[0]!.size; size <= bytes.length; size++) {
          writeFileSync(
            path,
            isZeroFilled ? Buffer.concat([bytes.subarray(0, size), Buffer.alloc(64)]) : bytes.subarray(0, size),
          )
          using after = opened(path)
          // Zeros that were to come are no damage.
          let whole = size
          while (isZeroFilled && bytes[whole] === 0) whole++
          expect(held(after.file.ledger(STREAM))).toEqual(states.findLast((state) => state.size <= whole)!.accounts)
        }
      }),
      { numRuns: 15 },
    )
  })

  it('does not count as held what was on its way when it ended', () => {
    using before = opened()
    before.live(0)
    const ledger = before.file.ledger(STREAM)
    for (const index of [1, 2, 3]) {
      ledger.live(frameAt(grid, T0, index), usOf(grid, T0, index))
      ledger.take()
      before.file.kept(STREAM, usOf(grid, T0, index), 'live')
    }
    before.file.took(STREAM, usOf(grid, T0, 2), 'live')
    ledger.release(usOf(grid, T0, 3), 'live')
    before.file.released(STREAM, usOf(grid, T0, 3), 'live')
    before.file.flush()
    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 3, live: 2, pending: 1 })
  })

  it('is written anew before it grows without end, and loses nothing by it', async () => {
    using before = opened(undefined, { compactBytes: 4096 })
    const bound = 3 * 4096
    for (let index = 0; index < 20_000; index++) {
      before.live(index)
      if (index % 3 === 0) before.file.flush()
      // It is written anew between turns.
      if (index % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (index % 500 === 0) {
        // What is kept must not get into a snapshot.
        before.file.ledger('a/b/c/PMU/9').configuration(grid)
        before.file.ledger('a/b/c/PMU/9').live(frameAt(grid, T0, index), usOf(grid, T0, index))
        before.file.ledger('a/b/c/PMU/9').take()
        before.file.kept('a/b/c/PMU/9', usOf(grid, T0, index), 'live')
        // One that is on its way to the disk gets there.
        await new Promise((resolve) => setTimeout(resolve, 5))
        expect(readFileSync(before.path).length).toBeLessThan(bound)
      }
    }
    before.file.flush()
    await until(() => readFileSync(before.path).length < bound)
    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 20_000, live: 20_000, pending: 0 })
    expect(held(after.file.ledger('a/b/c/PMU/9'))).toMatchObject({ live: 0 })
  })

  it('says once that it cannot be written, and is whole as soon as it can', async () => {
    const folder = join(root, 'missing')
    const told: string[] = []
    let tries = 0
    const log: Log = {
      ...silentLog,
      debug: () => void tries++,
      info: (_facts, message) => void told.push(message),
      error: (_facts, message) => void told.push(message),
    }
    using before = opened(join(folder, 'held'), { retryMs: 5 }, log)
    for (let index = 0; index < 10; index++) before.live(index)
    before.file.flush()
    expect(await before.metrics.expose()).toContain('phasorbus_recovery_held_failing{consumer="pdc"} 1')
    await until(() => tries > 1)
    mkdirSync(folder)
    const failing = before.metrics.gauge('phasorbus_recovery_held_failing', '', { consumer: 'pdc' })
    await until(() => failing.value === 0)
    expect(told).toEqual([expect.stringContaining('cannot be written'), 'the accounts are written again'])
    before.live(10)
    before.file.flush()
    using after = opened(before.path)
    expect(held(after.file.ledger(STREAM))).toMatchObject({ expected: 11, live: 11 })
  })

  it('goes on where its folder cannot be opened for want of descriptors, and is whole as soon as it can', async () => {
    const args = ['--input-type=module', '-e', shortOfDescriptors, src, join(root, `held-${files++}`)]
    const child = spawn('sh', ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    expect(code).toBe(0)
    expect(said.split('\n')).toEqual(['failing 1', 'EMFILE', 'failing 0', ''])
  })

  it('refuses a file that is none, or of a later version', () => {
    const path = join(root, 'foreign')
    writeFileSync(path, 'grid: south-italy\n')
    expect(() => opened(path)).toThrow('HELD_NO_HELD_FILE')
    writeFileSync(path, Buffer.from('PHASHELD\0\0\0\x02rest', 'latin1'))
    expect(() => opened(path)).toThrow('HELD_VERSION')
  })

  it('forgets streams that nobody met for long', () => {
    const path = join(root, 'old')
    {
      using before = opened(path)
      before.live(0)
    }
    // T0 is years ago.
    {
      using between = opened(path, { keepDays: 30 })
      expect(between.file.ledger(STREAM).account().expected).toBe(0)
    }
    {
      using kept = opened(path)
      kept.live(0)
    }
    using after = opened(path)
    expect(after.file.ledger(STREAM).account().expected).toBe(1)
  })

  it('expects nothing of a retired stream until it comes again', () => {
    using before = opened()
    before.live(0)
    before.file.retired(STREAM)
    before.file.flush()
    using after = opened(before.path)
    const ledger = after.file.ledger(STREAM)
    ledger.close(usOf(grid, T0, 1000))
    expect(ledger.account().expected).toBe(1)
  })
})
