import { StreamProducer, type StreamProducerOptions } from '../bus/index.ts'
import { framesPerSecond } from '../c37118/index.ts'
import type { StreamJournal } from '../journal/index.ts'
import type { Server } from '../link/index.ts'
import type { Metrics } from '../runtime/service.ts'
import type { OutputSink } from './pdc-output.ts'

export interface OutputWays {
  /** Where it is published. */
  readonly producer?: StreamProducerOptions
  readonly journal?: StreamJournal
  /** C37.118 clients take it for a PMU. */
  readonly server?: Server
  readonly idcode: number
}

/** So often the producer learns what the journal has. */
const TELL_SPAN_MS = 5_000

/** An output on the bus, on record, and served over sockets. */
export function serveOutput(
  { producer: options, journal, server, idcode }: OutputWays,
  metrics: Metrics,
): OutputSink & { close(): void } {
  const producer = options && new StreamProducer(options, { metrics })
  const served = server?.stream(idcode)
  const telling = setInterval(() => producer?.journal(journal?.span), TELL_SPAN_MS).unref()
  let isOnline = false
  return {
    configuration({ inForce, config1, config3, header, configuration }) {
      journal?.configuration(inForce)
      for (const fragments of [config1, config3]) if (fragments) served?.configuration(fragments)
      served?.header(header)
      served?.configuration(inForce, true)
      producer?.configuration(inForce)
      if (config1) producer?.extra('config-1', config1)
      producer?.extra('config-3', config3)
      producer?.extra('header', [header])
      if (!isOnline) journal?.sessionBegan()
      isOnline = true
      producer?.state({ online: true, rate: framesPerSecond(configuration.dataRate) })
    },
    data(frame) {
      producer?.data(frame)
      served?.data(frame)
      journal?.data(frame)
    },
    close() {
      clearInterval(telling)
      if (isOnline) journal?.sessionEnded('stopped')
      producer?.close('stopped')
      served?.close()
    },
  }
}
