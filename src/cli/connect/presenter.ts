import type { Configuration } from '../../c37118/index.ts'
import type { SourceStatus } from '../../link/index.ts'
import { configurationLines } from '../terminal/configuration-view.ts'
import { LiveBlock } from '../terminal/live-block.ts'
import { sampleLine } from '../terminal/sample-view.ts'
import type { Style } from '../terminal/style.ts'
import type { ConnectModel } from './connect-model.ts'
import { liveLines, statisticsLine, stepLine } from './connect-view.ts'
import type { DialogueStep } from './dialogue.ts'

/** How a session is shown while it lasts. */
export interface Presenter {
  step(step: DialogueStep): void
  configured(configuration: Configuration): void
  start(): void
  end(): void
}

const DRAW_MS = 200
const PRINT_MS = 1000

/** A block that is drawn anew on a terminal, lines otherwise, nothing for a program. */
export function createPresenter(
  model: ConnectModel,
  status: () => SourceStatus,
  { style, json }: { readonly style: Style; readonly json: boolean },
): Presenter {
  if (json) return { step() {}, configured() {}, start() {}, end() {} }
  return process.stdout.isTTY ? onTerminal(model, status, style) : asLines(model, status, style)
}

function onTerminal(model: ConnectModel, status: () => SourceStatus, style: Style): Presenter {
  const block = new LiveBlock(process.stdout)
  let timer: NodeJS.Timeout | undefined
  return {
    step: (step) => block.print(`${stepLine(step)}\n`),
    configured: (configuration) => block.print(`\n${configurationLines(configuration, style).join('\n')}\n\n`),
    start() {
      timer = setInterval(() => block.draw(liveLines(model, status(), style)), DRAW_MS)
    },
    end() {
      clearInterval(timer)
      block.end({ keep: false })
    },
  }
}

function asLines(model: ConnectModel, status: () => SourceStatus, style: Style): Presenter {
  const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`)
  let timer: NodeJS.Timeout | undefined
  return {
    step: (step) => print([stepLine(step)]),
    configured: (configuration) => print(['', ...configurationLines(configuration, style), '']),
    start() {
      timer = setInterval(() => {
        const sample = model.samples.at(-1)
        if (sample && model.inForce)
          print([sampleLine(sample, model.inForce), `  ${statisticsLine(model, status(), style)}`])
      }, PRINT_MS)
    },
    end: () => clearInterval(timer),
  }
}
