import type { BrokerConfig } from '../config/bus.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import type { MqttLink } from './mqtt-link.ts'

/** How long a broker may take to say goodbye. */
const GOODBYE_MS = 1000
/** Tries at its own address before the one in use is tried: half a minute by the default pause between two. */
const TRIES_THERE = 8

export interface LeftBehindDeps {
  /** Begins a connection to an address, under the client id that is used at the address `as`. */
  readonly open: (address: number, as: number) => Promise<MqttLink>
  readonly retry: BrokerConfig['retry']
  readonly signal: AbortSignal
}

/**
 * Ends what a cluster keeps of a connection that was cut: nobody comes back
 * under its client id, and a queue (RabbitMQ) or consumer (NATS) of it would
 * fill up. A clean connection under that id does it, at its own address as
 * soon as that is back; where that takes long, once at the address in use too,
 * for any node of NATS can do it. Resolves whether it was done before the abort.
 */
export async function clearLeftBehind(left: number, current: number, deps: LeftBehindDeps): Promise<boolean> {
  const { open, retry, signal } = deps
  const done = new AbortController()
  const maxDelayMs = retry.maxDelayMs
  let failures = 0
  await retryUntilAborted(
    async () => {
      try {
        await comeAndGo(() => open(left, left), signal)
        if (!signal.aborted) done.abort()
      } catch (error) {
        if (++failures === TRIES_THERE) await comeAndGo(() => open(current, left), signal)
        throw error
      }
    },
    {
      firstDelayMs: maxDelayMs,
      maxDelayMs,
      signal: AbortSignal.any([signal, done.signal]),
      // Whoever connects for good says why an address does not work.
      onFailure: () => {},
    },
  )
  return done.signal.aborted
}

async function comeAndGo(open: () => Promise<MqttLink>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const link = await open()
  const stop = (): void => link.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    if (signal.aborted) return
    await link.opened
    await link.disconnect(GOODBYE_MS)
  } finally {
    signal.removeEventListener('abort', stop)
    link.destroy()
    await link.closed
  }
}
