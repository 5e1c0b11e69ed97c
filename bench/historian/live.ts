/**
 * What an archive costs those who are live: 200 streams at 50 frames/s over
 * Mosquitto into a historian, and into another reader in its process; in turn
 * with and without somebody who exports two days. How long a frame takes from
 * its publisher to the disk, and to the other reader; and how long an export
 * alone holds up the event loop.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as passed } from 'node:timers/promises'
import { startApi } from '../../src/api/index.ts'
import { BrokerConfig, StreamReader, startBus } from '../../src/bus/index.ts'
import { RecoverySettings } from '../../src/config/recovery.ts'
import { Store, startHistorian } from '../../src/historian/index.ts'
import { bytesOf } from '../../src/historian/sql.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import type { Counter, Metrics } from '../../src/runtime/service.ts'
import type { BenchOptions, Figures } from '../figures.ts'
import { monotonicMs } from '../lab/monotonic.ts'
import { type Child, startChild } from '../support/children.ts'
import { sequenceIn } from '../support/golden.ts'
import { startMosquitto } from '../support/mosquitto.ts'
import { median, quantile, spread } from '../support/quantiles.ts'
import { ARCHIVE_HOURS, fillTwoDays } from './archive.ts'
import { turnsWithin } from './turns.ts'

const STREAMS = 200
const WARM_UP_MS = 4000
/** After an export begins, or has ended. */
const SETTLE_MS = 500

type Phase = 'quiet' | 'export'

interface Segment {
  readonly phase: Phase
  readonly fromMs: number
  readonly toMs: number
}

export async function live({ quick, note }: BenchOptions): Promise<Figures> {
  const [rounds, seconds, hourS] = quick ? [2, 3, 600] : [8, 8, 3600]
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-'))
  const stop = new AbortController()
  const deps = { signal: stop.signal, log: silentLog, metrics: createMetrics() }
  const store = await Store.open(folder, { memoryMiB: 512, threads: 1 })
  const archive = await fillTwoDays(store, hourS)
  const mosquitto = await startMosquitto()
  const commits = new Commits(await lastBatch(store))
  const busOf = (nodeId: string) =>
    startBus(BrokerConfig.parse({ url: mosquitto.url }), {
      ...deps,
      node: { area: 'bench', locationType: 'control-center', locationId: '1', nodeId },
    })
  const buses = ['historian', 'historian-pull', 'reader'].map(busOf)
  const [bus, replayBus, readerBus] = buses as [(typeof buses)[0], (typeof buses)[0], (typeof buses)[0]]
  const filter = 'bench/secondary-station/1/PMU/#'
  const historian = await startHistorian(
    { id: 'bench', streams: [filter], recovery: RecoverySettings.parse({}), sealAfterMs: 300_000, keepDays: {} },
    { ...deps, metrics: commits.watching(deps.metrics), bus, replayBus, store },
  )
  const arrivals = new Arrivals()
  const reader = new StreamReader({ bus: readerBus, filter, sink: arrivals.sink }, deps)
  const api = await startApi({ listen: { host: '127.0.0.1', port: 0 } }, { ...deps, historian })
  const child = (name: string, args: readonly string[]) =>
    startChild(name, process.execPath, [join(import.meta.dirname, `${name}-child.js`), ...args])
  const exporter = child('export', [api.url, archive.topic, `${archive.fromUs}`, `${ARCHIVE_HOURS}`])
  const publishers: Child[] = []
  try {
    await Promise.all([exporter.ready(/ready/), historian.ready])
    exporter.tell('go')
    await passed(SETTLE_MS)
    const turns = await turnsWithin(seconds * 1000)
    exporter.tell('pause')
    const [, exported] = await exporter.ready(/paused (\d+)/)
    note(
      `an export alone, ${(Number(exported) / 1e6).toFixed(0)} MB: turns of ${turns.export_turn_ms_p50!.toFixed(2)} ms, 99 % within ${turns.export_turn_ms_p99!.toFixed(2)}`,
    )
    const publisher = child('publish', [mosquitto.url, `${STREAMS}`])
    publishers.push(publisher)
    await publisher.ready(/publishing/)
    await passed(WARM_UP_MS)
    const segments: Segment[] = []
    for (let round = 0; round < rounds; round++) {
      for (const phase of round % 2 === 0 ? (['quiet', 'export'] as const) : (['export', 'quiet'] as const)) {
        exporter.tell(phase === 'export' ? 'go' : 'pause')
        await passed(SETTLE_MS)
        const fromMs = monotonicMs()
        await passed(seconds * 1000)
        segments.push({ phase, fromMs, toMs: monotonicMs() })
      }
    }
    exporter.tell('pause')
    await passed(1000)
    await historian.flush()
    const accounts = [...historian.accounts().values()]
    const late = accounts.reduce((sum, one) => sum + one.late + one.pending, 0)
    if (late > 0) note(`${late} frames did not come live`)
    return { ...turns, ...figures(segments, arrivals.all(), await commits.lags(store), note) }
  } finally {
    await Promise.all([...publishers, exporter].map((each) => each.end()))
    reader.close()
    stop.abort()
    await Promise.all([historian.done, api.done, ...buses.map(({ done }) => done)])
    await mosquitto.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** When a frame was published, and how long it took; ms. */
interface Taken {
  readonly sentMs: number
  readonly tookMs: number
}

function figures(
  segments: readonly Segment[],
  toReader: readonly Taken[],
  toDisk: readonly Taken[],
  note: BenchOptions['note'],
): Figures {
  const of = (all: readonly Taken[], phase: Phase, q: number): number[] =>
    segments
      .filter((segment) => segment.phase === phase)
      .map(({ fromMs, toMs }) => {
        const within = all.filter(({ sentMs }) => sentMs >= fromMs && sentMs < toMs)
        return quantile(
          within.map(({ tookMs }) => tookMs),
          q,
        )
      })
  const names = { p50: 0.5, p99: 0.99, max: 1 }
  const found: Record<string, number> = {}
  for (const phase of ['quiet', 'export'] as const) {
    for (const [name, q] of Object.entries(names)) {
      const [disk, reader] = [of(toDisk, phase, q), of(toReader, phase, q)]
      found[`ingest_lag_ms_${name}${phase === 'quiet' ? '' : '_export'}`] = median(disk)
      found[`live_${name}_ms_${phase}`] = median(reader)
      note(`${phase}, ${name}: to the disk ${spread(disk, 1)} ms, to another reader ${spread(reader, 2)} ms`)
    }
  }
  const [quiet, exporting] = [of(toReader, 'quiet', 0.99), of(toReader, 'export', 0.99)]
  found.live_p99_ratio = median(exporting.map((value, at) => value / quiet[at]!))
  return found
}

const sinceSent = (frame: Uint8Array, nowMs: number): number =>
  ((Math.floor(nowMs * 1000) >>> 0) - sequenceIn(frame)) >>> 0

/** What another reader of the bus gets, in the process of the historian. */
class Arrivals {
  #numbers = new Float64Array(1 << 22)
  #used = 0

  readonly sink = {
    configuration: (): void => {},
    data: (_: string, frame: Uint8Array): void => {
      const nowMs = monotonicMs()
      const tookMs = sinceSent(frame, nowMs) / 1000
      this.#numbers[this.#used++] = nowMs - tookMs
      this.#numbers[this.#used++] = tookMs
    },
  }

  all(): readonly Taken[] {
    return Array.from({ length: this.#used / 2 }, (_, n) => ({
      sentMs: this.#numbers[2 * n]!,
      tookMs: this.#numbers[2 * n + 1]!,
    }))
  }
}

/** When each batch was on disk. */
class Commits {
  readonly #before: number
  readonly #atMs: number[] = []

  constructor(before: number) {
    this.#before = before
  }

  watching(metrics: Metrics): Metrics {
    const counter: Metrics['counter'] = (name, ...rest) => {
      const made = metrics.counter(name, ...rest)
      if (name !== 'phasorbus_historian_stored_frames_total') return made
      return Object.assign(Object.create(made) as Counter, {
        add: (count: number) => {
          this.#atMs.push(monotonicMs())
          made.add(count)
        },
      })
    }
    return Object.assign(Object.create(metrics) as Metrics, { counter })
  }

  async lags(store: Store): Promise<readonly Taken[]> {
    const found: Taken[] = []
    // Of its own: whoever exports uses the other.
    const connection = await store.connect()
    for await (const page of connection.pages('select batch, frame from frames')) {
      for (const [batch, blob] of page) {
        const atMs = this.#atMs[Number(batch) - this.#before - 1]
        // Since it was asked for.
        if (atMs === undefined) continue
        const tookMs = sinceSent(bytesOf(blob), atMs) / 1000
        found.push({ sentMs: atMs - tookMs, tookMs })
      }
    }
    connection.close()
    return found
  }
}

async function lastBatch(store: Store): Promise<number> {
  const [[last] = []] = await store.reader.rows(
    'select max(batch) from (select batch from frames union all select batch from held)',
  )
  return Number(last ?? 0)
}
