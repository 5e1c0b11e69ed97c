import { LiveBlock } from '../terminal/live-block.ts'
import { formatAngle, formatHz, formatQuantity } from '../terminal/quantity.ts'
import { createStyle, type Style } from '../terminal/style.ts'
import { formatTable } from '../terminal/table.ts'
import { sites, topicOf } from './demo-grid.ts'
import type { DemoLine, DemoStream } from './demo-line.ts'

const redrawMs = 250
const plainLineMs = 5_000

export interface DemoView {
  end(): void
}

/**
 * What flows and how fast. A terminal gets a picture that is drawn anew in
 * place; anything else a line now and then; with `quiet` nothing at all.
 */
export function showDemo(line: DemoLine, output: NodeJS.WriteStream, quiet: boolean): DemoView {
  if (quiet) return { end() {} }
  const style = createStyle(output)
  const rates = new Rates(line)
  output.write(`${introduction(line, style).join('\n')}\n\n`)

  if (output.isTTY) {
    const block = new LiveBlock(output)
    const draw = (): void => block.draw(picture(line, rates, style))
    const timer = setInterval(draw, redrawMs)
    return {
      end() {
        clearInterval(timer)
        draw()
        block.end()
      },
    }
  }
  const timer = setInterval(() => output.write(`${summary(line, style)}\n`), plainLineMs)
  return {
    end() {
      clearInterval(timer)
      output.write(`${picture(line, rates, style).join('\n')}\n`)
    },
  }
}

function introduction({ brokerUrl, pdcPort }: DemoLine, style: Style): string[] {
  return [
    style.bold('A simulated feeder, five substations, every frame checked byte for byte at the PDC'),
    `PMU → PMU-adapter → MQTT at ${brokerUrl} → PDC-adapter at tcp://127.0.0.1:${pdcPort} → PDC`,
    style.dim(
      `Look at the bus from another terminal:  npx phasorbus tap '${sites[0]!.location.replace(/^/, 'south-italy-113/')}/#' --broker ${brokerUrl}`,
    ),
    style.dim('Ctrl-C ends it.'),
  ]
}

function picture(line: DemoLine, rates: Rates, style: Style): string[] {
  const perSecond = rates.measure()
  const streams = new Map(line.streams().map((stream) => [stream.idcode, stream]))
  const rows = sites.flatMap(({ pmus }) =>
    pmus.map(({ idcode, bus, station }) => [
      topicOf(idcode),
      station,
      String(bus),
      ...measured(streams.get(idcode)),
      (perSecond.get(idcode) ?? 0).toFixed(1),
    ]),
  )
  const [head, ...body] = formatTable(['topic', 'station', 'bus', 'frequency', 'VA', 'angle', 'frames/s'], rows, {
    right: [2, 3, 4, 5, 6],
  })
  return [style.dim(head ?? ''), ...body, '', summary(line, style)]
}

function measured(stream: DemoStream | undefined): string[] {
  const pmu = stream?.latest?.pmus[0]
  const voltage = pmu?.phasors[0]
  if (!pmu || !voltage) return ['', '', '']
  return [formatHz(pmu.freq), formatQuantity(voltage.magnitude, 'V'), formatAngle(voltage.angle)]
}

function summary(line: DemoLine, style: Style): string {
  const { verdict, seconds } = line.result()
  const { published, delivered, lost, duplicated, differing, reordered, latency_ms } = verdict
  // While it runs, the newest frames are under way and not lost.
  const wrong = duplicated + differing + reordered
  const say = wrong > 0 ? style.bad : style.good
  const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`)
  return [
    `${seconds.toFixed(0)} s`,
    `published ${published}`,
    `delivered ${delivered}`,
    say(`under way or lost ${lost}  duplicated ${duplicated}  differing ${differing}  out of order ${reordered}`),
    `latency p50 ${ms(latency_ms.p50)} p99 ${ms(latency_ms.p99)}`,
  ].join('  ')
}

/** Frames per second of each stream, since the last look. */
class Rates {
  readonly #line: DemoLine
  #before: ReadonlyMap<number, number>
  #atMs = performance.now()

  constructor(line: DemoLine) {
    this.#line = line
    this.#before = this.#counts()
  }

  /** At least a second apart; until then what was measured last. */
  #last: ReadonlyMap<number, number> = new Map()

  measure(): ReadonlyMap<number, number> {
    const nowMs = performance.now()
    const elapsedS = (nowMs - this.#atMs) / 1000
    if (elapsedS < 1) return this.#last
    const now = this.#counts()
    this.#last = new Map(
      [...now].map(([idcode, frames]) => [idcode, (frames - (this.#before.get(idcode) ?? 0)) / elapsedS]),
    )
    this.#before = now
    this.#atMs = nowMs
    return this.#last
  }

  #counts(): ReadonlyMap<number, number> {
    return new Map(this.#line.streams().map(({ idcode, frames }) => [idcode, frames]))
  }
}
