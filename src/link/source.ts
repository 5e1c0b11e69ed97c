import { setMaxListeners } from 'node:events'
import type { SourceConfig } from '../config/source.ts'
import { describeTransport } from '../config/transport.ts'
import { aborted } from '../runtime/aborted.ts'
import { utcMs } from '../runtime/clock.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import type { Running, ServiceDeps } from '../runtime/service.ts'
import { explainOffline } from './explain-offline.ts'
import { Grudges } from './grudges.ts'
import { LinkError } from './link-error.ts'
import { openChannel } from './open-channel.ts'
import { readSavedConfiguration } from './saved-configuration.ts'
import { createSharedInputs, type SharedInputs } from './shared-inputs.ts'
import { SourceCounters } from './source-counters.ts'
import { SourceSession } from './source-session.ts'
import type { OfflineReason, SourceSink } from './source-sink.ts'

export interface SourceDeps extends ServiceDeps {
  readonly sink: SourceSink
  /** Name of the stream in logs and metrics; by default its transport and IDCODE. */
  readonly stream?: string
  /** UDP ports and captures that several sources of this process read; see {@link createSharedInputs}. */
  readonly inputs?: SharedInputs
}

/** What a source has done since it was started. */
export interface SourceStatus {
  readonly transport: string
  readonly idcode: number
  readonly online: boolean
  /** Since when, milliseconds since the UNIX epoch. */
  readonly sinceMs: number
  readonly bytes: number
  readonly frames: { readonly data: number; readonly header: number; readonly config: number; readonly command: number }
  /** Data frames handed on. */
  readonly delivered: number
  readonly badChecksums: number
  readonly discardedBytes: Readonly<Record<string, number>>
  readonly discardedFrames: Readonly<Record<string, number>>
  /** Sessions begun; the first is one too. */
  readonly sessions: number
  readonly lastOffline: OfflineReason | undefined
}

export interface Source extends Running {
  status(): SourceStatus
}

/**
 * Reads one stream from a PMU: we are the PDC. Lost sessions are begun anew
 * until the abort.
 */
export function startSource(config: SourceConfig, deps: SourceDeps): Source {
  const { signal, log, sink } = deps
  // Many sources share the signal of one process: that is no leak.
  setMaxListeners(0, signal)
  const transport = describeTransport(config.transport)
  const stream = deps.stream ?? `${transport}#${config.idcode}`
  const facts = { stream, transport, idcode: config.idcode }
  const counters = new SourceCounters(deps.metrics, stream)
  const inputs = deps.inputs ?? createSharedInputs()
  const grudges = new Grudges((what) =>
    log.warn({ ...facts, what }, 'the PMU hangs up when asked for this; no longer asked'),
  )
  let sinceMs = utcMs()
  let lastOffline: OfflineReason | undefined

  const offline = (reason: OfflineReason): void => {
    sinceMs = utcMs()
    lastOffline = reason
    counters.wentOffline(reason.code)
    sink.offline(reason)
  }

  const session = async (established: () => void): Promise<void> => {
    counters.sessions.add()
    const saved = config.savedConfiguration && (await readSavedConfiguration(config.savedConfiguration, config.idcode))
    const session = new SourceSession(config, {
      sink,
      counters,
      signal,
      log: withFacts(log, facts),
      saved: saved || undefined,
      offline,
      grudges,
      established() {
        sinceMs = utcMs()
        log.info(facts, 'data flows')
        established()
      },
    })
    const channel = await openChannel(config.transport, session, inputs, { connectMs: config.connectMs, signal })
    try {
      await session.run(channel)
    } catch (error) {
      if (!(error instanceof LinkError) || error.code !== 'LINK_ENDED') throw error
      // What was read to its end has nothing more to give: to begin anew would be to repeat it.
      offline(error.facts)
      log.info({ ...facts, ...error.facts }, 'the capture has ended')
      await aborted(signal)
    }
  }

  const done = retryUntilAborted(session, {
    ...config.retry,
    signal,
    onFailure(error, delayMs) {
      if (!(error instanceof LinkError)) throw error
      offline(error.facts)
      const { message, hint } = explainOffline(error.facts)
      log.warn({ ...facts, ...error.facts, hint, delayMs: Math.round(delayMs) }, `no data from the PMU: ${message}`)
    },
  }).then(() => offline({ code: 'LINK_STOPPED' }))

  return {
    done,
    status: () => ({
      transport,
      idcode: config.idcode,
      online: counters.online.value === 1,
      sinceMs,
      bytes: counters.bytes.value,
      frames: {
        data: counters.data.value,
        header: counters.header.value,
        config: counters.config.value,
        command: counters.command.value,
      },
      delivered: counters.delivered.value,
      badChecksums: counters.badChecksums.value,
      discardedBytes: counters.discardedBytes,
      discardedFrames: counters.discardedFrames,
      sessions: counters.sessions.value,
      lastOffline,
    }),
  }
}

function withFacts(log: ServiceDeps['log'], facts: object): ServiceDeps['log'] {
  return {
    debug: (more, message) => log.debug({ ...facts, ...more }, message),
    info: (more, message) => log.info({ ...facts, ...more }, message),
    warn: (more, message) => log.warn({ ...facts, ...more }, message),
    error: (more, message) => log.error({ ...facts, ...more }, message),
  }
}
