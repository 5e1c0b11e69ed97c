/**
 * Raw PDCs in a process of their own, one connection for each stream; every data
 * frame they read is logged. Also the lab's reader of /metrics, which lie in a
 * network that the bench is not in.
 */
import { FrameLogWriter, startRawPdc } from '../../../judge/index.ts'
import { monotonicMs } from '../monotonic.ts'
import { argumentsOf, readyLine } from './arguments.ts'

export interface PdcFleetArguments {
  readonly host: string
  readonly port: number
  readonly idcodes: readonly number[]
  readonly readLog: string
}

export interface PageQuestion {
  readonly id: number
  readonly url: string
}

export type PageAnswer =
  | { readonly id: number; readonly text: string }
  | { readonly id: number; readonly error: string }

const flushMs = 20
const pageMs = 5_000

const { host, port, idcodes, readLog } = argumentsOf<PdcFleetArguments>()
const read = new FrameLogWriter(readLog)
const stop = new AbortController()

for (const idcode of idcodes) {
  startRawPdc({
    host,
    port,
    idcode,
    signal: stop.signal,
    onData: (frame) => read.add({ stream: `${idcode}`, atMs: monotonicMs(), frame }),
  })
}
setInterval(() => read.flush(), flushMs)

process.on('message', ({ id, url }: PageQuestion) => {
  const answer = (page: PageAnswer): void => void process.send?.(page)
  fetch(url, { signal: AbortSignal.timeout(pageMs) })
    .then(async (response) => {
      if (!response.ok) throw new Error(`${url} answered ${response.status}`)
      answer({ id, text: await response.text() })
    })
    .catch((error: unknown) => answer({ id, error: String(error) }))
})
process.on('disconnect', () => process.exit(0))
process.stdout.write(`${readyLine}\n`)
