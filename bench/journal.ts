/**
 * What a journal costs. 1,000 streams at 50 frames/s appended in real time: the
 * share of one core that the process takes, with its threads, its syncs, and the
 * loop that makes the frames. As fast as it goes. And the latency of live frames
 * with and without it, from a PMU's write to a PDC's read over Mosquitto, both
 * lines taking their frames in turn.
 */
import type { BenchOptions, Figures } from './figures.ts'
import { openAppending, pacedShare, unpacedRate } from './journal/append.ts'
import { inTurns, interleaved, type Measured, measure, warmUp } from './latency/drive.ts'
import { fullLine } from './latency/paths.ts'
import { startMosquitto } from './support/mosquitto.ts'
import { median, spread } from './support/quantiles.ts'

export async function journal(options: BenchOptions): Promise<Figures> {
  return { ...(await cost(options)), ...(await latencies(options)) }
}

async function cost({ quick, note }: BenchOptions): Promise<Figures> {
  const [segments, seconds, frames] = quick ? [2, 4, 400_000] : [6, 20, 2_000_000]
  const [shares, loops, rates]: number[][] = [[], [], []]
  // Every segment of the run has its share of the work that comes every 20 s; a quick one more than its share.
  const appending = await openAppending(quick ? seconds * 1000 : undefined)
  try {
    await pacedShare(appending, quick ? 1 : 5)
    for (let segment = 0; segment < segments; segment++) {
      shares!.push(await pacedShare(appending, seconds))
      loops!.push(await pacedShare(undefined, seconds / 4))
    }
    if (appending.lost() > 0) throw new Error(`${appending.lost()} frames were refused`)
  } finally {
    await appending.close()
  }
  for (let round = 0; round < (quick ? 1 : 5); round++) rates!.push(await unpacedRate(frames))

  note(
    `1,000 streams × 50 frames/s: ${spread(shares!, 3)} of a core; of it the loop that makes them ${spread(loops!, 3)}`,
  )
  note(`as fast as it goes: ${spread(rates!)} frames/s, to the end of the last sync`)
  return {
    ...figure('journal_core_share', shares!),
    ...figure('loop_core_share', loops!),
    ...figure('journal_frames_per_s', rates!),
  }
}

async function latencies({ quick, note }: BenchOptions): Promise<Figures> {
  const mosquitto = await startMosquitto()
  try {
    const broker = { name: 'Mosquitto', url: mosquitto.url }
    const open = (streams: number) =>
      Promise.all([true, false].map((on) => fullLine({ broker, qos: 1, streams, journal: on })))
    const one = await measure(await open(1), {
      warmUp,
      drive: interleaved,
      warmUpS: quick ? 2 : 10,
      segments: quick ? 3 : 15,
      seconds: quick ? 2 : 10,
      note,
    })
    const many = await measure(await open(200), {
      warmUp: inTurns,
      drive: inTurns,
      warmUpS: quick ? 0 : 3,
      segments: quick ? 2 : 15,
      seconds: quick ? 1 : 3,
      note,
    })
    return {
      ...ratios(one, '', '1 stream × 50 frames/s', note),
      ...ratios(many, '_200', '200 streams × 50 frames/s', note),
    }
  } finally {
    await mosquitto.end()
  }
}

function ratios(
  measured: ReadonlyMap<string, Measured>,
  suffix: string,
  title: string,
  note: (line: string) => void,
): Figures {
  const [on, off] = [...measured.values()]
  const p50 = on!.p50.map((value, i) => value / off!.p50[i]!)
  const p99 = on!.p99.map((value, i) => value / off!.p99[i]!)
  note(`${title}; µs: with a journal p50 ${spread(on!.p50)} p99 ${spread(on!.p99)},`)
  note(`  without p50 ${spread(off!.p50)} p99 ${spread(off!.p99)}; ratio p50 ${spread(p50, 2)} p99 ${spread(p99, 2)}`)
  return {
    ...figure(`journal_live_p50_ratio${suffix}`, p50),
    ...figure(`journal_live_p99_ratio${suffix}`, p99),
    ...figure(`journal_live_p50_us${suffix}`, on!.p50),
  }
}

const figure = (name: string, values: readonly number[]): Figures => ({
  [name]: median(values),
  [`${name}_min`]: Math.min(...values),
  [`${name}_max`]: Math.max(...values),
})
