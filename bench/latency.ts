/**
 * Latency from a PMU's write to a PDC's read, over several paths in one run.
 *
 * One stream at 50 frames/s: every path gets its frame in turn, a few
 * milliseconds apart, so that the machine's moods hit all alike. 200 streams at
 * 50 frames/s: the paths take turns of some seconds. What counts is what a path
 * adds to direct TCP, and its ratio to three plain relays.
 */
import type { BenchOptions, Figures } from './figures.ts'
import { inTurns, interleaved, type Measured, measure, warmUp } from './latency/drive.ts'
import type { Path } from './latency/ends.ts'
import { direct, fullLine, mqttAlone, relays } from './latency/paths.ts'
import { startMosquitto } from './support/mosquitto.ts'
import { median, spread } from './support/quantiles.ts'

export async function latency({ quick, note }: BenchOptions): Promise<Figures> {
  const mosquitto = await startMosquitto()
  try {
    const one = await measure(await openAll(1, mosquitto.url), {
      warmUp,
      drive: interleaved,
      warmUpS: quick ? 3 : 10,
      segments: quick ? 3 : 10,
      seconds: quick ? 2 : 10,
      note,
    })
    const many = await measure(await openAll(200, mosquitto.url), {
      warmUp: inTurns,
      drive: inTurns,
      warmUpS: quick ? 0 : 2,
      segments: quick ? 1 : 5,
      seconds: quick ? 1 : 4,
      note,
    })
    return {
      ...figures(one, '', note, '1 stream × 50 frames/s'),
      ...figures(many, '_200', note, '200 streams × 50 frames/s'),
    }
  } finally {
    await mosquitto.end()
  }
}

async function openAll(streams: number, url: string): Promise<Path[]> {
  const broker = { name: 'Mosquitto', url }
  return Promise.all([
    direct(streams),
    relays(streams, 3),
    mqttAlone(streams, url, 0),
    mqttAlone(streams, url, 1),
    fullLine({ broker, qos: 0, streams }),
    fullLine({ broker, qos: 1, streams }),
    fullLine({ broker: 'aedes', qos: 0, streams }),
    fullLine({ broker: 'aedes', qos: 1, streams }),
  ])
}

function figures(
  measured: ReadonlyMap<string, Measured>,
  suffix: string,
  note: (line: string) => void,
  title: string,
): Figures {
  const base = measured.get('direct TCP')!.p50
  const added = (name: string): number[] => measured.get(name)!.p50.map((p50, i) => p50 - base[i]!)
  const relay3 = added('3 plain relays')
  const ratio = (name: string): number[] => added(name).map((value, i) => value / relay3[i]!)

  note('')
  note(`${title}; µs, median (min–max) over segments`)
  for (const [name, { p50, p99 }] of measured) {
    const more =
      name === 'direct TCP' ? '' : `  added p50 ${spread(added(name))}  over 3 relays ${spread(ratio(name), 2)}`
    note(`${name.padEnd(28)} p50 ${spread(p50)}  p99 ${spread(p99)}${more}`)
  }

  const result: Record<string, number> = {}
  const put = (name: string, values: readonly number[]): void => {
    result[`${name}${suffix}`] = median(values)
    result[`${name}${suffix}_min`] = Math.min(...values)
    result[`${name}${suffix}_max`] = Math.max(...values)
  }
  put('direct_p50_us', base)
  put('relay3_added_p50_us', relay3)
  for (const [name, label] of [
    ['MQTT alone, QoS 0', 'mqtt_qos0'],
    ['MQTT alone, QoS 1', 'mqtt_qos1'],
    ['full line, Mosquitto, QoS 0', 'full_line'],
    ['full line, Mosquitto, QoS 1', 'full_line_qos1'],
    ['full line, aedes, QoS 0', 'full_line_aedes'],
    ['full line, aedes, QoS 1', 'full_line_aedes_qos1'],
  ] as const) {
    put(`${label}_added_p50_us`, added(name))
    put(`${label}_p99_us`, measured.get(name)!.p99)
    put(label === 'full_line' ? 'ratio_to_relay3' : `${label}_ratio_to_relay3`, ratio(name))
  }
  return result
}
