import type { Log, Running } from './service.ts'

/**
 * Runs services until SIGTERM, SIGINT or the first failure, then stops them all.
 * A second signal does not wait.
 */
export async function runUntilSignal(
  start: (signal: AbortSignal) => Promise<readonly Running[]>,
  log: Log,
): Promise<void> {
  const stop = new AbortController()
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) process.exit(130)
    log.info({ signal: name }, 'stopping; send it again to stop at once')
    stop.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)

  try {
    const running = await start(stop.signal)
    try {
      await Promise.all(running.map((service) => service.done))
    } finally {
      stop.abort()
      await Promise.allSettled(running.map((service) => service.done))
    }
  } finally {
    stop.abort() // also what was started before `start` failed
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}
