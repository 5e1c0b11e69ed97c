/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The same for a signal that outlives the wait: `forget` when it is over. */
export function whenAborted(signal: AbortSignal): { readonly promise: Promise<undefined>; forget(): void } {
  let onAbort = (): void => {}
  const promise = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) }
}
