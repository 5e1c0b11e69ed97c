import { useEffect, useReducer, useRef } from 'preact/hooks'
import { everyTick } from './ticker.ts'

/** Renders the component anew, so many times a second while the page is visible. */
export function useTicks(perSecond: number): void {
  const [, render] = useReducer((count: number) => count + 1, 0)
  useEffect(() => everyTick(perSecond, () => render(undefined)), [perSecond])
}

/** The newest value of what changes with each rendering, for callbacks that outlive it. */
export function useLatest<T>(value: T): { readonly current: T } {
  const ref = useRef(value)
  ref.current = value
  return ref
}
