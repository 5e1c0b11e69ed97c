import { useEffect, useState } from 'preact/hooks'

export interface Answer<T> {
  readonly value?: T
  /** Why there is none. */
  readonly trouble?: string
  readonly isUnderWay: boolean
}

/**
 * What an API says, asked anew whenever `key` changes, and every so many ms if it
 * must be. What was there stays until the next one is.
 */
export function useAnswer<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs?: number): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ isUnderWay: true })
  useEffect(() => {
    const asker = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const again = (): void => {
      setAnswer((before) => ({ ...before, isUnderWay: true }))
      ask(asker.signal)
        .then(
          (value) => setAnswer({ value, isUnderWay: false }),
          (error: unknown) => {
            if (asker.signal.aborted) return
            const trouble = error instanceof Error ? error.message : String(error)
            setAnswer((before) => ({ ...before, trouble, isUnderWay: false }))
          },
        )
        .finally(() => {
          if (everyMs !== undefined && !asker.signal.aborted) timer = setTimeout(again, everyMs)
        })
    }
    again()
    return () => {
      asker.abort()
      clearTimeout(timer)
    }
  }, [key, everyMs])
  return answer
}
