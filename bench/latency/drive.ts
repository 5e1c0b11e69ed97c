/** How frames are driven through paths that are compared, and what is measured of them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { median, quantile } from '../support/quantiles.ts'
import type { Path } from './ends.ts'

export const framesPerSecond = 50
const periodMs = 1000 / framesPerSecond
const warmUpStepMs = 4
/** Before a path is timed whose turn it is: what was not sent meanwhile is explained by then. */
const leadInFrames = framesPerSecond

/** p50 and p99 in µs, one of each per segment. */
export interface Measured {
  readonly p50: number[]
  readonly p99: number[]
}

export type Drive = (paths: readonly Path[], seconds: number) => Promise<void>

/** Every path gets its frame within each period, one after the other. */
export const interleaved: Drive = async (paths, seconds) => {
  const step = periodMs / paths.length
  const start = performance.now()
  const first = reportingInstant()
  for (let i = 0; i < paths.length * framesPerSecond * seconds; i++) {
    await until(start + i * step)
    paths[i % paths.length]!.tick(first + Math.floor(i / paths.length) * periodMs)
  }
}

/** One path after the other. */
export const inTurns: Drive = async (paths, seconds) => {
  for (const path of paths) {
    const start = performance.now()
    const first = reportingInstant()
    for (let i = 0; i < leadInFrames + framesPerSecond * seconds; i++) {
      await until(start + i * periodMs)
      if (i === leadInFrames) path.take()
      path.tick(first + i * periodMs)
    }
    await sleep(100)
  }
}

async function until(atMs: number): Promise<void> {
  const leftMs = atMs - performance.now()
  if (leftMs > 0) await sleep(leftMs)
}

/**
 * A line runs for years: its code is compiled. All paths alike get some thousand
 * frames before they are timed, of each reporting instant one: they begin in the
 * past, so that the last are of now.
 */
export const warmUp: Drive = async (paths, seconds) => {
  const frames = Math.floor((seconds * 1000) / warmUpStepMs)
  const start = performance.now()
  const first = reportingInstant(start + seconds * 1000) - frames * periodMs
  for (let i = 0; i < frames; i++) {
    await until(start + i * warmUpStepMs)
    for (const path of paths) path.tick(first + i * periodMs)
  }
}

/** The last one before a time of the monotonic clock, in ms of UTC. */
function reportingInstant(atMs = performance.now()): number {
  const utcMs = performance.timeOrigin + atMs
  return utcMs - (utcMs % periodMs)
}

export interface Plan {
  readonly warmUp: Drive
  readonly drive: Drive
  readonly warmUpS: number
  readonly segments: number
  /** Of each segment; of each path in it, where they take turns. */
  readonly seconds: number
  readonly note: (line: string) => void
}

export async function measure(
  paths: readonly Path[],
  { warmUp, drive, warmUpS, segments, seconds, note }: Plan,
): Promise<ReadonlyMap<string, Measured>> {
  const measured = new Map(paths.map(({ name }) => [name, { p50: [], p99: [] } as Measured]))
  try {
    await warmUp(paths, warmUpS)
    await sleep(200)
    for (const path of paths) path.take()
    for (let segment = 0; segment < segments; segment++) {
      await drive(paths, seconds)
      await sleep(200)
      for (const path of paths) {
        const latencies = path.take()
        measured.get(path.name)!.p50.push(median(latencies))
        measured.get(path.name)!.p99.push(quantile(latencies, 0.99))
      }
      note(`segment ${segment + 1} of ${segments}`)
    }
    for (const { name, sent, arrived } of paths) {
      if (sent !== arrived) note(`${name}: ${sent - arrived} of ${sent} frames did not arrive`)
    }
  } finally {
    await Promise.all(paths.map((path) => path.close()))
  }
  return measured
}
