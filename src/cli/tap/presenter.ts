import type { StreamSink } from '../../bus/index.ts'
import { hasWildcard } from '../../streams/index.ts'
import { writeNdjson } from '../output.ts'
import { configurationLines } from '../terminal/configuration-view.ts'
import { LiveBlock } from '../terminal/live-block.ts'
import { printable } from '../terminal/printable.ts'
import { count, formatMs } from '../terminal/quantity.ts'
import { sampleLine, sampleLines } from '../terminal/sample-view.ts'
import type { Style } from '../terminal/style.ts'
import { configurationObject, dataObject } from './tap-json.ts'
import { newestSample, type TapModel, type TappedStream } from './tap-model.ts'

export interface TapPresenter {
  readonly sink: StreamSink
  start(): void
  end(): void
}

export interface TapView {
  readonly filter: string
  readonly style: Style
  readonly json: boolean
}

const DRAW_MS = 250
const PRINT_MS = 1000

/** Drawn anew on a terminal, lines otherwise, objects for a program. */
export function createTapPresenter(model: TapModel, view: TapView): TapPresenter {
  if (view.json) return asObjects(model)
  return process.stdout.isTTY ? onTerminal(model, view) : asLines(model, view)
}

function asObjects(model: TapModel): TapPresenter {
  const sink: StreamSink = {
    configuration(topic, _fragments, configuration) {
      model.configured(topic, configuration)
      writeNdjson(configurationObject(topic, configuration))
    },
    data(topic, frame) {
      const stream = model.arrived(topic, frame)
      const sample = stream && newestSample(stream)
      if (stream && sample) writeNdjson(dataObject(topic, sample, stream.decoder.configuration))
    },
    online(topic, online, reason) {
      model.judged(topic, online ? undefined : (reason ?? 'offline'))
      writeNdjson({ type: 'state', stream: topic, online, reason: reason ?? null })
    },
    retired(topic) {
      model.retired(topic)
      writeNdjson({ type: 'retired', stream: topic })
    },
  }
  return { sink, start() {}, end() {} }
}

/** What terminal and lines have in common: events are printed, values are shown by a timer. */
function watching(model: TapModel, { filter, style }: TapView, print: (text: string) => void): StreamSink {
  /** Tables of hundreds of streams would hide what is asked for. */
  const isOne = !hasWildcard(filter)
  return {
    configuration(topic, _fragments, configuration) {
      model.configured(topic, configuration)
      const [head, ...tables] = configurationLines(configuration, style)
      print(isOne ? `\n${[head, ...tables].join('\n')}\n\n` : `${topic}: ${head}\n`)
    },
    data: (topic, frame) => void model.arrived(topic, frame),
    online(topic, online, reason) {
      model.judged(topic, online ? undefined : (reason ?? 'offline'))
      print(
        `${topic} is ${online ? style.good('online') : style.bad(`offline: ${printable(reason ?? 'no reason given')}`)}\n`,
      )
    },
    retired(topic) {
      model.retired(topic)
      print(`${topic} is retired\n`)
    },
    lost() {
      if (!model.ending) print(`${style.bad('connection to the broker lost')}; connecting anew\n`)
    },
  }
}

function onTerminal(model: TapModel, view: TapView): TapPresenter {
  const { filter, style } = view
  const block = new LiveBlock(process.stdout)
  let timer: NodeJS.Timeout | undefined
  const draw = (): void => {
    const streams = [...model.streams.values()]
    const lines = streams.flatMap((stream) => ['', ...streamLines(stream, style, streams.length > 1)])
    block.draw(lines.length > 0 ? lines : ['', style.dim(`waiting for streams on ${filter} …  (Ctrl-C ends)`)])
  }
  return {
    sink: watching(model, view, (text) => block.print(text)),
    start() {
      timer = setInterval(draw, DRAW_MS)
    },
    end() {
      clearInterval(timer)
      block.end()
    },
  }
}

function asLines(model: TapModel, view: TapView): TapPresenter {
  const print = (text: string): void => void process.stdout.write(text)
  let timer: NodeJS.Timeout | undefined
  let shown = 0
  const printNewest = (): void => {
    if (model.frames === shown) return
    shown = model.frames
    for (const stream of model.streams.values()) {
      const sample = newestSample(stream)
      if (sample) print(`${stream.topic}  ${sampleLine(sample, stream.decoder.configuration)}  ${statistics(stream)}\n`)
    }
  }
  return {
    sink: watching(model, view, print),
    start() {
      timer = setInterval(printNewest, PRINT_MS)
    },
    end() {
      clearInterval(timer)
      printNewest()
    },
  }
}

/** One stream in full, or in one line where there are several. */
function streamLines(stream: TappedStream, style: Style, several: boolean): string[] {
  const { configuration } = stream.decoder
  const sample = newestSample(stream)
  const head = `${style.bold(stream.topic)}  ${stream.offline === undefined ? '' : style.bad(`offline: ${printable(stream.offline)}  `)}${statistics(stream)}`
  if (!sample) return [head]
  return several
    ? [head, `  ${sampleLine(sample, configuration)}`]
    : [head, ...sampleLines(sample, configuration, style)]
}

function statistics({ statistics }: TappedStream): string {
  const { frames, lost, measuredRate, configuredRate } = statistics
  const latency = statistics.latency()
  return [
    measuredRate === undefined ? '' : `${measuredRate.toFixed(1)} of ${configuredRate} frames/s`,
    `${lost} lost`, // early: a terminal of 80 columns cuts what follows a long topic
    latency ? `latency ${formatMs(latency.p50)}` : '',
    count(frames, 'frame'),
  ]
    .filter(Boolean)
    .join(', ')
}
