import { useEffect, useState } from 'preact/hooks'
import { isPassing } from '../api/client.ts'

export interface Answer<T> {
  readonly value?: T
  /** `value` answers the question before: it stays until the answer, or the trouble, is there. */
  readonly isOld: boolean
  /** Why there is none. */
  readonly trouble?: string
  readonly isUnderWay: boolean
}

interface Kept<T> {
  /** What `value` answers. */
  readonly of?: string
  readonly value?: T
  /** What was asked last, and its trouble. */
  readonly asked?: string
  readonly trouble?: string
  readonly isUnderWay: boolean
}

/** After trouble that may pass, it is asked again so soon. */
const PASSING_MS = 2000

/**
 * What an API says, asked anew whenever `key` changes, and every so many ms if it
 * must be. What was there stays until the next one is; of another key not beside a trouble.
 */
export function useAnswer<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, everyMs?: number): Answer<T> {
  const [kept, setKept] = useState<Kept<T>>({ isUnderWay: true })
  useEffect(() => {
    const asker = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const again = (): void => {
      setKept((before) => ({ ...(before.asked === key ? before : without(before)), asked: key, isUnderWay: true }))
      let nextMs = everyMs
      ask(asker.signal)
        .then(
          (value) => {
            if (!asker.signal.aborted) setKept({ of: key, value, asked: key, isUnderWay: false })
          },
          (error: unknown) => {
            if (asker.signal.aborted) return
            if (isPassing(error)) nextMs ??= PASSING_MS
            const why = error instanceof Error ? error.message : String(error)
            const trouble = nextMs === undefined ? why : `${why}: it is asked again`
            setKept(({ of, value }) => ({
              ...(of === key && value !== undefined && { of, value }),
              asked: key,
              trouble,
              isUnderWay: false,
            }))
          },
        )
        .finally(() => {
          if (nextMs !== undefined && !asker.signal.aborted) timer = setTimeout(again, nextMs)
        })
    }
    again()
    return () => {
      asker.abort()
      clearTimeout(timer)
    }
  }, [key, everyMs])
  const { of, value, asked, trouble } = kept
  return {
    ...(value !== undefined && { value }),
    isOld: value !== undefined && of !== key,
    ...(trouble !== undefined && asked === key && { trouble }),
    // Until the effect has asked, what is kept is the state of the question before.
    isUnderWay: kept.isUnderWay || asked !== key,
  }
}

const without = <T>({ of, value }: Kept<T>): Pick<Kept<T>, 'of' | 'value'> =>
  of !== undefined && value !== undefined ? { of, value } : {}
