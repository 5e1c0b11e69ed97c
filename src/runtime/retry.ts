import { setTimeout as sleep } from 'node:timers/promises'

export interface RetryOptions {
  readonly firstDelayMs: number
  readonly maxDelayMs: number
  readonly signal: AbortSignal
  readonly onFailure: (error: unknown, delayMs: number) => void
  /** 0 to 1; tests pass a constant. */
  readonly random?: () => number
}

/**
 * Runs `session` again and again until the signal aborts. The delay doubles
 * after each failure and is spread over 50 to 100 % of itself, so that a
 * thousand clients of one broker do not come back in step. A session that
 * called `established` starts again from the first delay. An abort is the
 * normal way out, so it resolves.
 */
export async function retryUntilAborted(
  session: (established: () => void) => Promise<void>,
  { firstDelayMs, maxDelayMs, signal, onFailure, random = Math.random }: RetryOptions,
): Promise<void> {
  let delayMs = firstDelayMs
  const established = (): void => {
    delayMs = firstDelayMs
  }

  while (!signal.aborted) {
    const wait = (): number => delayMs * (0.5 + random() / 2)
    let waitMs: number
    try {
      await session(established)
      waitMs = wait()
    } catch (error) {
      if (signal.aborted) return
      waitMs = wait()
      onFailure(error, waitMs)
    }
    await sleep(waitMs, undefined, { signal }).catch(ignoreAbort)
    delayMs = Math.min(delayMs * 2, maxDelayMs)
  }
}

function ignoreAbort(error: unknown): void {
  if (!(error instanceof Error && error.name === 'AbortError')) throw error
}
