/** Many streams into one journal, in this process: paced as they come, and as fast as it takes them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { JournalSettings } from '../../src/config/journal.ts'
import { openJournal, type StreamJournal } from '../../src/journal/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { configurationFrame, dataFrame } from '../support/golden.ts'

export const STREAMS = 1_000
export const FRAMES_PER_S = 50
/** A period of 20 ms is driven in so many steps: frames of many PMUs do not come in one turn. */
const STEPS = 20
/** Beyond it whoever does not wait for the disk would lose frames. */
const MEMORY_BYTES = 96 * 1024 * 1024

export interface Appending {
  readonly streams: readonly StreamJournal[]
  /** Frames that were refused. */
  lost(): number
  memoryBytes(): number
  /** Everything is in segments, and synced. */
  close(): Promise<void>
}

/** `fillEveryMs`: how often what was logged is moved into segments; as usual without it. */
export async function openAppending(fillEveryMs?: number): Promise<Appending> {
  const folder = await mkdtemp(join(tmpdir(), 'phasorbus-bench-journal-'))
  const stop = new AbortController()
  const metrics = createMetrics()
  const config = { folder, ...JournalSettings.parse({}) }
  const deps = { signal: stop.signal, log: silentLog, metrics, ...(fillEveryMs !== undefined && { fillEveryMs }) }
  const journal = await openJournal(config, deps)
  const streams = Array.from({ length: STREAMS }, (_, i) => {
    const stream = journal.stream(`bench/secondary-station/${i % 20}/PMU/${i}`)
    stream.configuration([configurationFrame(i + 1)])
    return stream
  })
  const lost = metrics.counter('phasorbus_journal_lost_frames_total', '', { reason: 'write-failed' })
  const memory = metrics.gauge('phasorbus_journal_memory_bytes', '')
  return {
    streams,
    lost: () => lost.value,
    memoryBytes: () => memory.value,
    async close() {
      stop.abort()
      await journal.done
      await rm(folder, { recursive: true })
    },
  }
}

/** Frames whose timestamps are moved on, as cheaply as can be: their CHK is of before, and nobody asks. */
class Frames {
  readonly #frames = Array.from({ length: STREAMS }, (_, i) => Buffer.from(dataFrame(i + 1, 0, 0)))

  at(stream: number, ms: number): Buffer {
    const frame = this.#frames[stream]!
    frame.writeUInt32BE(Math.floor(ms / 1000), 6)
    frame.writeUInt32BE(Math.floor((ms % 1000) * 16_777.215), 10)
    return frame
  }
}

/** Share of a core, all threads of the process, while every stream gets its frames in real time. */
export async function pacedShare(appending: Appending | undefined, seconds: number): Promise<number> {
  const frames = new Frames()
  const each = STREAMS / STEPS
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  for (let step = 0; step < seconds * FRAMES_PER_S * STEPS; step++) {
    const waitMs = startMs + step - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    else if (step % STEPS === 0) await nextTurn()
    const first = (step % STEPS) * each
    const nowMs = Date.now()
    for (let stream = first; stream < first + each; stream++) {
      const frame = frames.at(stream, nowMs)
      appending?.streams[stream]?.data(frame)
    }
  }
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / 1000 / (performance.now() - startMs)
}

/** Frames per second, from the first to the end of the last sync, when they come as fast as they are taken. */
export async function unpacedRate(count: number): Promise<number> {
  const appending = await openAppending()
  const frames = new Frames()
  const startMs = performance.now()
  for (let n = 0; n < count; n++) {
    const stream = n % STREAMS
    appending.streams[stream]!.data(frames.at(stream, 1_767_225_600_000 + 20 * Math.floor(n / STREAMS)))
    if (stream < STREAMS - 1) continue
    await nextTurn()
    while (appending.memoryBytes() > MEMORY_BYTES) await sleep(1)
  }
  await appending.close()
  if (appending.lost() > 0) throw new Error(`${appending.lost()} of ${count} frames were refused`)
  return (count / (performance.now() - startMs)) * 1000
}
