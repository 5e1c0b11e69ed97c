import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Judge, startRawPdc, type Verdict } from '../../../judge/index.ts'
import { compileDecoder, type DataSample, decodeConfiguration, fractionOf, socOf } from '../../c37118/index.ts'
import { loadGrid } from '../../config/load-grid.ts'
import { monotonicMs } from '../../runtime/clock.ts'
import { deferred } from '../../runtime/deferred.ts'
import type { Running, ServiceDeps } from '../../runtime/service.ts'
import { type Simulator, startSimulator } from '../../simulator/index.ts'
import { startGrid } from '../grid/start-grid.ts'
import { AreaView } from './area-view.ts'
import { areaIdcode, cutOff, demoGridFile, demoSimulation, idcodes } from './demo-grid.ts'
import { freeHttpPort, hasHistorian } from './demo-http.ts'
import { startLink } from './link.ts'
import { LinkCuts } from './link-cuts.ts'

/** Frames under way at the end are waited for so long; what is not there then is lost. */
const drainMs = 2_000
/** Those that a cut link held up. */
const healMs = 20_000
/** Every stream flows by then, or is lost. */
const startMs = 10_000
const framesPerSecond = 50

/** What the demo's PDC has of one stream. */
export interface DemoStream {
  readonly idcode: number
  readonly frames: number
  /** The last frame, decoded. */
  readonly latest: DataSample | undefined
}

export interface DemoLine extends Running {
  readonly brokerUrl: string
  /** Of the dashboard; undefined where no historian can be had. */
  readonly pageUrl: string | undefined
  /** The usual port of the dashboard is taken. */
  readonly isMoved: boolean
  readonly pdcPort: number
  /** Of the area's PDC. */
  readonly areaPort: number
  readonly area: AreaView
  readonly simulator: Simulator
  /** Resolves when every stream has come through. */
  readonly flowing: Promise<void>
  streams(): readonly DemoStream[]
  /** Counts no frame after this moment, and waits for those under way. */
  finish(): Promise<void>
  /** Frames the PDC does not have: written a moment ago, or lost. */
  missing(): {
    readonly underWay: number
    readonly lost: number
    /** In the journal of the site whose link is cut, or was a moment ago. */
    readonly heldBack: number
  }
  readonly isCut: boolean
  /** Since the grid began to run. */
  readonly elapsedS: number
  result(): {
    readonly verdict: Verdict
    readonly seconds: number
    readonly streams: number
    /** Frames of the area's stream, since the first that had all PMUs. */
    readonly area: { readonly complete: number; readonly partial: number }
  }
  /** It was stopped while it began: what PMUs had sent by then nobody could have got. */
  readonly isStoppedEarly: boolean
}

interface DemoOptions {
  readonly seed: number
  readonly brokerPort: number
  /** Of the dashboard; undefined: the usual one, or a free one where that is taken. */
  readonly httpPort?: number
}

/** Simulator, adapters, PDCs, broker and a PDC that checks every byte, all in this process. */
export async function startDemoLine({ seed, brokerPort, httpPort }: DemoOptions, deps: ServiceDeps): Promise<DemoLine> {
  const judge = new Judge({ from: 'first-read' })
  const count = new Count()
  const simulator = startSimulator(
    { simulation: demoSimulation(seed), serve: { listen: ['tcp://127.0.0.1:0'] } },
    {
      ...deps,
      onFrame(pmu, frame) {
        if (count.isOpenTo(frame)) judge.wrote(String(pmu.idcode), frame, monotonicMs())
      },
    },
  )
  await simulator.ready
  const startedMs = monotonicMs()

  const portOf = (idcode: number): number => {
    const pmu = simulator.pmus.find((each) => each.idcode === idcode)
    return pmu ? simulator.addressesOf(pmu)[0]!.port : 0
  }
  const stateFolder = await mkdtemp(join(tmpdir(), 'phasorbus-demo-'))
  const link = await startLink(deps.signal)
  const http = (await hasHistorian()) ? (httpPort ?? (await freeHttpPort())) : undefined
  const text = demoGridFile({ portOf, broker: brokerPort, link: link.port, http })
  const { grid } = await loadGrid('demo', { text, stateFolder })
  const running = await startGrid(grid, deps)
  const brokerUrl = running.brokers[0]!.url
  link.leadTo(Number(new URL(brokerUrl).port))
  const elapsedS = (): number => (monotonicMs() - startedMs) / 1000
  const cuts = new LinkCuts(link, elapsedS, deps.signal)
  const pdcPort = running.pdcAdapters[0]!.addresses[0]!.port

  const [areaPdc] = running.pdcs.filter(({ id }) => id === 'area')
  const areaPort = Object.values(areaPdc!.addresses)[0]![0]!.port
  const { promise: flowing, resolve: allFlow } = deferred()
  const silent = new Set(idcodes)
  const readers = idcodes.map((idcode) => {
    const reader = new StreamView(idcode)
    startRawPdc({
      host: '127.0.0.1',
      port: pdcPort,
      idcode,
      signal: deps.signal,
      onConfiguration: (frame) => reader.configured(frame),
      onData(frame) {
        // What its link held up says nothing of how fast the line is.
        const atMs = idcode === cutOff.idcode ? undefined : monotonicMs()
        if (count.isOpenTo(frame)) judge.read(String(idcode), frame, atMs)
        reader.read(frame)
        if (silent.delete(idcode) && silent.size === 0) {
          count.begin()
          allFlow()
        }
      },
    })
    return reader
  })

  const area = new AreaView(
    { port: areaPort, idcode: areaIdcode, pmus: idcodes.length },
    deps.signal,
    () => !count.isClosed,
  )

  return {
    brokerUrl,
    pageUrl: running.historians[0]?.api,
    isMoved: http === 0 && httpPort === undefined,
    pdcPort,
    areaPort,
    area,
    simulator,
    flowing,
    streams: () => readers,
    async finish() {
      cuts.end()
      count.close()
      const untilMs = monotonicMs() + (cuts.mayBeHealing ? healMs : drainMs)
      while (judge.underWay > 0 && monotonicMs() < untilMs) await pause(10)
    },
    missing() {
      const heldBack = !count.isClosed && cuts.mayBeHealing ? judge.verdict(String(cutOff.idcode)).lost : 0
      const others = judge.underWay - heldBack
      // A frame of the last two seconds is on its way, unless the count is over.
      const onTheirWay = count.isClosed ? 0 : Math.min(others, idcodes.length * 2 * framesPerSecond)
      return { underWay: onTheirWay, heldBack, lost: judge.verdict().lost - onTheirWay - heldBack }
    },
    get isCut() {
      return cuts.isCut
    },
    get elapsedS() {
      return elapsedS()
    },
    get isStoppedEarly() {
      return count.endedMs - startedMs < startMs && !count.hasBegunBeforeEnd
    },
    result: () => ({
      verdict: judge.verdict(),
      seconds: count.seconds,
      streams: idcodes.length,
      area: { complete: area.complete, partial: area.partial },
    }),
    done: Promise.all([simulator.done, running.done, link.done])
      .finally(() => rm(stateFolder, { recursive: true }))
      .then(() => {}),
  }
}

/**
 * Which frames count. All PMUs of one instant are written in one turn, so the
 * count ends between two instants, and means the same at both ends.
 */
class Count {
  #last = 0
  #closed = false
  #beganMs: number | undefined
  #endedMs: number | undefined

  get seconds(): number {
    const endMs = this.#endedMs ?? monotonicMs()
    return Number((Math.max(0, endMs - (this.#beganMs ?? endMs)) / 1000).toFixed(1))
  }

  /** Infinite while it goes on. */
  get endedMs(): number {
    return this.#endedMs ?? Number.POSITIVE_INFINITY
  }

  get hasBegunBeforeEnd(): boolean {
    return (this.#beganMs ?? Number.POSITIVE_INFINITY) < this.endedMs
  }

  get isClosed(): boolean {
    return this.#closed
  }

  begin(): void {
    this.#beganMs = monotonicMs()
  }

  isOpenTo(frame: Uint8Array): boolean {
    const time = socOf(frame) * 0x1000000 + fractionOf(frame)
    if (this.#closed) return time <= this.#last
    if (time > this.#last) this.#last = time
    return true
  }

  close(): void {
    this.#closed = true
    this.#endedMs = monotonicMs()
  }
}

class StreamView implements DemoStream {
  readonly idcode: number
  frames = 0
  #decode: ((frame: Uint8Array) => DataSample) | undefined
  #frame: Uint8Array | undefined

  constructor(idcode: number) {
    this.idcode = idcode
  }

  configured(frame: Uint8Array): void {
    const decoder = compileDecoder(decodeConfiguration(frame))
    this.#decode = (data) => decoder.decode(data)
  }

  read(frame: Uint8Array): void {
    this.frames++
    this.#frame = frame
  }

  /** Decoded only when somebody looks. */
  get latest(): DataSample | undefined {
    return this.#frame && this.#decode?.(this.#frame)
  }
}
