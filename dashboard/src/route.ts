/** Where the user is: `#/pmu?stream=…`. So a page can be linked to, and the browser goes back. */
import { useEffect, useState } from 'preact/hooks'

export interface Route {
  readonly page: string
  readonly query: URLSearchParams
}

export function currentRoute(): Route {
  const [page = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?', 2)
  return { page, query: new URLSearchParams(query) }
}

export function href(
  page: string,
  query: Readonly<Record<string, string | readonly string[] | undefined>> = {},
): string {
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
    ),
  ).toString()
  return `#/${page}${search === '' ? '' : `?${search}`}`
}

export function useRoute(): Route {
  const [route, setRoute] = useState(currentRoute)
  useEffect(() => {
    const changed = (): void => setRoute(currentRoute())
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return route
}

/** Changes the query of the page in place. */
export function replaceQuery(page: string, query: Parameters<typeof href>[1]): void {
  history.replaceState(null, '', href(page, query))
  dispatchEvent(new HashChangeEvent('hashchange'))
}

/** The same as another place, so that the browser goes back to the one before. */
export function pushQuery(page: string, query: Parameters<typeof href>[1]): void {
  location.hash = href(page, query)
}
