/**
 * 200 PMUs × 50 frames/s for 15 minutes with a random fault every 20 s: what was
 * lost, and by how much the two adapters' memory grew for each frame, after
 * collection. In the first third every process may be killed; in the rest the
 * adapters live, because it is their growth that is measured.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Line, openLine } from './faults/line.ts'
import type { Part } from './faults/parts.ts'
import { setApart } from './faults/set-apart.ts'
import { settle } from './faults/settle.ts'
import type { Window } from './faults/window.ts'
import type { BenchOptions, Figures } from './figures.ts'
import { endOnSignal } from './lab/end-on-signal.ts'
import { monotonicMs } from './lab/monotonic.ts'
import { growthOf, type HeapSample, heapOf, sampleEveryMs } from './soak/heap.ts'
import { soakReport } from './soak/report.ts'
import { faultsOf, type SoakKills } from './soak/soak-faults.ts'

const streams = 200
const faultEveryMs = 20_000

export async function soak({ quick, note, machine, out }: BenchOptions): Promise<Figures> {
  endOnSignal()
  const totalMs = (quick ? 1 : 15) * 60_000
  const line = await openLine({
    kind: 'phasorbus',
    brokers: { kind: 'mosquitto' },
    streams,
    qos: 1,
    heapProbe: true,
    duplicateMemory: 6_000,
  })
  try {
    await line.flowing()
    const accountBefore = await line.account()
    const window = line.open({ keepsReads: false })
    const kills: SoakKills = { adapter: [], consumer: [] }
    const samples: HeapSample[] = []
    const struck: Record<string, number> = {}

    const steadyFromMs = window.beginMs + totalMs / 3
    let sampling: Promise<void> | undefined
    while (monotonicMs() < window.beginMs + totalMs - faultEveryMs / 2) {
      const nextMs = monotonicMs() + faultEveryMs
      const isEarly = monotonicMs() < steadyFromMs
      if (!isEarly) sampling ??= sampleUntil(window.beginMs + totalMs, line, window, samples)
      const fault = anyOf(faultsOf(isEarly))
      struck[fault.name] = (struck[fault.name] ?? 0) + 1
      await fault.strike(line, kills)
      await line.until(() => monotonicMs() >= nextMs, faultEveryMs * 2)
      if (isEarly) samples.push(await sample(line, window.published))
      note(
        `${Math.round((monotonicMs() - window.beginMs) / 1000)} s, ${fault.name}: ${window.published} written, ` +
          `${window.missing().length} not read yet, ${JSON.stringify(window.wrong)}, heap ${heaps(samples.at(-1)!)}`,
      )
    }
    await sampling
    window.end(monotonicMs())
    const { missing, ...account } = await settle(line, window, accountBefore, {
      inSocket: (frames) => setApart(frames, kills).in_socket,
    })
    note(`accounts: ${JSON.stringify(account)}`)
    const steady = samples.filter(({ atMs }) => atMs >= steadyFromMs)
    const figures = {
      soak_minutes: totalMs / 60_000,
      soak_faults: Object.values(struck).reduce((sum, count) => sum + count, 0),
      soak_published: window.published,
      ...prefixed(setApart(missing, kills)),
      ...prefixed(window.wrong),
      soak_account_agrees: account.account_agrees === null ? Number.NaN : Number(account.account_agrees),
      soak_pmu_adapter_growth_bytes_per_frame: growthOf(steady, 'publisher'),
      soak_pdc_adapter_growth_bytes_per_frame: growthOf(steady, 'consumer'),
    }
    if (out !== undefined) {
      mkdirSync(out, { recursive: true })
      const { page, plot } = soakReport({ figures, samples, struck, machine, beganMs: window.beginMs })
      writeFileSync(join(out, 'soak.md'), page)
      writeFileSync(join(out, 'soak.svg'), plot)
    }
    return figures
  } finally {
    await line[Symbol.asyncDispose]()
  }
}

async function sampleUntil(endMs: number, line: Line, window: Window, samples: HeapSample[]): Promise<void> {
  for (let nextMs = monotonicMs(); nextMs < endMs; nextMs += sampleEveryMs) {
    await line.until(() => monotonicMs() >= nextMs, 2 * faultEveryMs)
    samples.push(await sample(line, window.published))
  }
}

async function sample(line: Line, frames: number): Promise<HeapSample> {
  const [publisher, consumer] = await Promise.all(
    [line.publisher, line.consumer].map((part: Part) => heapOf(part.process)),
  )
  return { atMs: monotonicMs(), frames, publisher: publisher!, consumer: consumer! }
}

const heaps = ({ publisher, consumer }: HeapSample): string =>
  [publisher, consumer].map((bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`).join(' and ')
const prefixed = (figures: object): Record<string, number> =>
  Object.fromEntries(Object.entries(figures).map(([name, value]) => [`soak_${name}`, value as number]))
const anyOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!
