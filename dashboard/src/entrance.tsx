/** Asks the API where live data are, and whoever comes for a token where one is wanted. */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ApiFailure, get, type LiveAccess, token, Unreachable } from './api/client.ts'
import { startAppState } from './app-state.ts'

const AGAIN_MS = 2000

type Stage =
  | { readonly at: 'asking'; readonly trouble?: string }
  | { readonly at: 'locked'; readonly wasWrong: boolean }
  | { readonly at: 'in' }

export function Entrance({ children }: { readonly children: ComponentChildren }) {
  const [stage, setStage] = useState<Stage>({ at: 'asking' })
  const [tries, setTries] = useState(0)

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    const asker = new AbortController()
    get<LiveAccess>('live', {}, asker.signal).then(
      (access) => {
        startAppState(access)
        setStage({ at: 'in' })
      },
      (error: unknown) => {
        if (asker.signal.aborted) return
        if (error instanceof ApiFailure && error.status === 401) {
          setStage({ at: 'locked', wasWrong: token.get() !== undefined })
          return
        }
        const why = error instanceof Error ? error.message : String(error)
        const trouble = error instanceof Unreachable ? why : `the historian does not say where live data are (${why})`
        setStage({ at: 'asking', trouble })
        timer = setTimeout(() => setTries((count) => count + 1), AGAIN_MS)
      },
    )
    return () => {
      asker.abort()
      clearTimeout(timer)
    }
  }, [tries])

  if (stage.at === 'in') return <>{children}</>
  if (stage.at === 'asking')
    return (
      <main class="entrance">
        {stage.trouble === undefined ? (
          'Asking the historian…'
        ) : (
          <span class="sentence">{stage.trouble}: it is asked again.</span>
        )}
      </main>
    )
  return (
    <main class="entrance">
      <form
        onSubmit={(event) => {
          event.preventDefault()
          token.set(new FormData(event.currentTarget).get('token') as string)
          setTries((count) => count + 1)
        }}
      >
        <h1>phasorbus</h1>
        <label>
          Token
          <input name="token" type="password" autocomplete="current-password" required />
        </label>
        {stage.wasWrong && <p role="alert">That token may not read here.</p>}
        <button type="submit">Open</button>
        <p class="hint">
          Tokens stand in the file that the historian’s <code>tokensFile</code> names.
        </p>
      </form>
    </main>
  )
}
