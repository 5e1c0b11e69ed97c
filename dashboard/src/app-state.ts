/** What all pages share: the scene that is shown, and how times are told. Whoever renders it subscribes. */
import { useEffect, useReducer } from 'preact/hooks'
import { type LiveAccess, token } from './api/client.ts'
import { LiveScene } from './live/live-scene.ts'
import type { Scene } from './scene/scene.ts'

export interface AppState {
  readonly live: LiveScene
  /** The live one, unless something is played back. */
  readonly scene: Scene
  readonly isUtc: boolean
  readonly theme: 'light' | 'dark'
}

const watchers = new Set<() => void>()
let state: AppState

export function startAppState(access: LiveAccess): void {
  const live = new LiveScene(access, token.get(), () => update({}))
  state = { live, scene: live, isUtc: stored('times') !== 'local', theme: themeOf() }
  document.documentElement.dataset.theme = state.theme
}

export const appState = (): AppState => state

export function update(change: Partial<AppState>): void {
  // A live bus may have news before there is a state.
  if (!state) return
  state = { ...state, ...change }
  if (change.isUtc !== undefined) localStorage.setItem('phasorbus-times', change.isUtc ? 'utc' : 'local')
  if (change.theme !== undefined) {
    localStorage.setItem('phasorbus-theme', change.theme)
    document.documentElement.dataset.theme = change.theme
  }
  for (const watch of watchers) watch()
}

export function useAppState(): AppState {
  const [, render] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const watch = (): void => render(undefined)
    watchers.add(watch)
    return () => void watchers.delete(watch)
  }, [])
  return state
}

const stored = (name: string): string | null => localStorage.getItem(`phasorbus-${name}`)

function themeOf(): AppState['theme'] {
  const chosen = stored('theme')
  if (chosen === 'light' || chosen === 'dark') return chosen
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
}
