/**
 * Raw PMUs in a process of their own: one port, many IDCODEs, 50 frames/s each,
 * with timestamps of now on the 20 ms grid. Sends whether or not anybody has
 * turned data on, as PMUs measure whether or not anybody reads: every frame is
 * logged as written, and in a second log when nobody had its stream on.
 *
 * Never leaves out an instant: one that it is late for is sent late.
 */
import { FrameLogWriter, startRawPmu } from '../../../judge/index.ts'
import { configurationFrame, dataFrame } from '../../support/golden.ts'
import { monotonicMs } from '../monotonic.ts'
import { argumentsOf, readyLine } from './arguments.ts'
import { periodMs } from './period.ts'

export interface PmuFleetArguments {
  readonly port: number
  readonly idcodes: readonly number[]
  readonly writtenLog: string
  readonly unheardLog: string
}

const { port, idcodes, writtenLog, unheardLog } = argumentsOf<PmuFleetArguments>()
const written = new FrameLogWriter(writtenLog)
const unheard = new FrameLogWriter(unheardLog)
const pmu = await startRawPmu({ configuration: idcodes.map(configurationFrame), host: '0.0.0.0', port })

let sequence = 0
let instantMs = Math.ceil(Date.now() / periodMs) * periodMs

function tick(): void {
  while (instantMs <= Date.now()) {
    sequence++
    for (const idcode of idcodes) {
      const frame = dataFrame(idcode, sequence, instantMs)
      const logged = { stream: `${idcode}`, atMs: monotonicMs(), frame }
      if (pmu.listenersOf(idcode) > 0) pmu.send(frame)
      else unheard.add(logged)
      written.add(logged)
    }
    instantMs += periodMs
  }
  // The unheard first: who knows of a frame can know that nobody heard it.
  unheard.flush()
  written.flush()
  setTimeout(tick, instantMs - Date.now())
}

process.on('disconnect', () => process.exit(0))
process.stdout.write(`${readyLine}\n`)
tick()
