import type { BrokerConfig } from '../config/bus.ts'
import { monotonicMs } from '../runtime/clock.ts'
import { retryUntilAborted } from '../runtime/retry.ts'
import type { MqttLink } from './mqtt-link.ts'
import type { NearestFirst } from './nearest-first.ts'

export interface NearerDeps {
  readonly choice: NearestFirst
  /** Begins a connection to an address that is only to see whether it works. */
  readonly open: (index: number) => Promise<MqttLink>
  readonly retry: BrokerConfig['retry']
  readonly signal: AbortSignal
}

/**
 * Tries the addresses before the one in use by a connection to each, which is
 * watched as any other. Calls `onReturn` when one has worked for long enough.
 */
export function watchNearer(current: number, onReturn: (index: number) => void, deps: NearerDeps): void {
  for (let index = 0; index < current; index++) void watchOne(index, onReturn, deps)
}

async function watchOne(index: number, onReturn: (index: number) => void, { choice, open, retry, signal }: NearerDeps) {
  const session = async (): Promise<void> => {
    const link = await open(index)
    const stop = (): void => link.destroy()
    signal.addEventListener('abort', stop, { once: true })
    let timer: NodeJS.Timeout | undefined
    try {
      if (signal.aborted) return
      await link.opened
      const now = monotonicMs()
      choice.healthy(index, true, now)
      timer = setTimeout(() => onReturn(index), choice.returnInMs(index, now)).unref()
      throw await link.closed
    } finally {
      clearTimeout(timer)
      // What the owner does with it now is another story.
      if (!signal.aborted) choice.healthy(index, false, monotonicMs())
      signal.removeEventListener('abort', stop)
      link.destroy()
      await link.closed
    }
  }
  await retryUntilAborted(session, {
    firstDelayMs: retry.maxDelayMs,
    maxDelayMs: retry.maxDelayMs,
    signal,
    // Whoever connects for good says why an address does not work.
    onFailure: () => {},
  })
}
