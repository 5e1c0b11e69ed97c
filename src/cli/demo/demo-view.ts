import { LiveBlock } from '../terminal/live-block.ts'
import { formatHz, formatQuantity } from '../terminal/quantity.ts'
import { createStyle, type Style } from '../terminal/style.ts'
import { formatTable } from '../terminal/table.ts'
import { area, cutOff, eventAt, idcodes, sites } from './demo-grid.ts'
import { USUAL_PORT } from './demo-http.ts'
import type { DemoLine, DemoStream } from './demo-line.ts'

const redrawMs = 250
const plainLineMs = 5_000
/** Frames of one PMU that are under way at any time. */
const MOMENT = 50

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
        output.write(`${conclusion(line, style)}\n`)
      },
    }
  }
  const timer = setInterval(() => output.write(`${summary(line, style).slice(0, -1).join('  ')}\n`), plainLineMs)
  return {
    end() {
      clearInterval(timer)
      output.write(`${picture(line, rates, style).join('\n')}\n${conclusion(line, style)}\n`)
    },
  }
}

function conclusion(line: DemoLine, style: Style): string {
  const { published, lost, duplicated, differing, reordered } = line.result().verdict
  if (published === 0) return 'No frame was checked yet.'
  return lost + duplicated + differing + reordered === 0
    ? style.good(`All ${published} frames came through once, unaltered and in order.`)
    : style.bad('Not every frame came through once, unaltered and in order.')
}

function introduction({ brokerUrl, pageUrl, isMoved, pdcPort, areaPort }: DemoLine, style: Style): string[] {
  return [
    style.bold('A simulated feeder, five substations, every frame checked at the PDC'),
    ...(pageUrl === undefined
      ? [style.warn('No dashboard: DuckDB is not installed (npm has no build of it for this platform).')]
      : [`${isMoved ? `${USUAL_PORT} is taken: the dashboard is at` : 'See it in a browser:'} ${style.bold(pageUrl)}`]),
    `PMU → PMU-adapter → MQTT → PDC-adapter → PDC`,
    `                      MQTT → PDC of each substation → MQTT → PDC of the area`,
    style.dim(`broker ${brokerUrl}`),
    style.dim(`PDC-adapter tcp://127.0.0.1:${pdcPort}, area tcp://127.0.0.1:${areaPort}`),
    style.dim('Look at the bus from another terminal:'),
    style.dim(`  npx phasorbus tap '${area}/#' --broker ${brokerUrl}`),
    style.dim('Ctrl-C ends it.'),
  ]
}

/** Within 80 columns. */
function picture(line: DemoLine, rates: Rates, style: Style): string[] {
  const perSecond = rates.measure()
  const streams = new Map(line.streams().map((stream) => [stream.idcode, stream]))
  const rows = sites.flatMap(({ location, pmus }) =>
    pmus.map(({ idcode, station }) => [
      `${location}/PMU/${idcode}`,
      station,
      ...measured(streams.get(idcode)),
      (perSecond.get(idcode) ?? 0).toFixed(0),
    ]),
  )
  const columns = [area, 'station', 'frequency', 'voltage', 'frames/s']
  const [head, ...body] = formatTable(columns, rows, { right: [2, 3, 4] })
  const event = eventAt(line.elapsedS)
  return [style.dim(head ?? ''), ...body, '', ...summary(line, style), event ? style.warn(event) : '']
}

function measured(stream: DemoStream | undefined): string[] {
  const pmu = stream?.latest?.pmus[0]
  const voltage = pmu?.phasors[0]
  if (!pmu || !voltage) return ['', '']
  return [formatHz(pmu.freq), formatQuantity(voltage.magnitude, 'V')]
}

function summary(line: DemoLine, style: Style): string[] {
  const { verdict, seconds } = line.result()
  const { published, delivered, duplicated, differing, reordered, latency_ms } = verdict
  const { lost, underWay, heldBack } = line.missing()
  const say = lost + duplicated + differing + reordered > 0 ? style.bad : style.good
  const ms = (value: number | null): string => (value === null ? '-' : `${value.toFixed(1)} ms`)
  return [
    `${seconds.toFixed(0)} s  published ${published}  delivered ${delivered}  under way ${underWay}`,
    say(`lost ${lost}  duplicated ${duplicated}  differing ${differing}  out of order ${reordered}`),
    ...linkLine(line, heldBack, style),
    areaLine(line, style),
    `from the PMU's write to the PDC's read: half within ${ms(latency_ms.p50)}, 99 % within ${ms(latency_ms.p99)}`,
  ]
}

/** While the link of a site is cut, and until what waited behind it is through. */
function linkLine({ isCut }: DemoLine, heldBack: number, style: Style): string[] {
  if (!isCut && heldBack <= MOMENT) return []
  const text = isCut ? `the link of ${cutOff.station} is cut` : `the link of ${cutOff.station} is back`
  return [style.warn(`${text}: ${heldBack} frames wait in its journal`)]
}

function areaLine({ area: { present, complete, partial } }: DemoLine, style: Style): string {
  const share = complete + partial > 0 ? ` (${((100 * complete) / (complete + partial)).toFixed(1)} %)` : ''
  const text = `area: ${present} of ${idcodes.length} PMUs, ${complete} frames complete${share}, ${partial} partial`
  return partial > 0 ? style.warn(text) : text
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
