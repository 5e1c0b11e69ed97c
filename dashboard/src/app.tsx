import { useEffect } from 'preact/hooks'
import { ComparePage } from './pages/compare-page.tsx'
import { GridPage } from './pages/grid-page.tsx'
import { HealthPage } from './pages/health-page.tsx'
import { HistoryPage } from './pages/history-page.tsx'
import { PmuPage } from './pages/pmu-page.tsx'
import { Header } from './parts/header.tsx'
import { PlaybackBar } from './parts/playback-bar.tsx'
import { replaceQuery, useRoute } from './route.ts'

export const pages = [
  { id: 'grid', title: 'Grid', page: GridPage },
  { id: 'pmu', title: 'PMU', page: PmuPage },
  { id: 'compare', title: 'Compare', page: ComparePage },
  { id: 'history', title: 'History', page: HistoryPage },
  { id: 'health', title: 'Health', page: HealthPage },
] as const

export function App() {
  const route = useRoute()
  const { id, title, page: Page } = pages.find((each) => each.id === route.page) ?? pages[0]
  useEffect(() => {
    // An address that names no page is not kept.
    if (route.page !== id) replaceQuery(id, {})
  }, [route.page, id])
  document.title = `${title} · phasorbus`
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        Skip to content
      </button>
      <Header pages={pages} current={id} />
      <main id="content" tabIndex={-1}>
        <Page key={id} query={route.query} />
      </main>
      <PlaybackBar />
    </>
  )
}
