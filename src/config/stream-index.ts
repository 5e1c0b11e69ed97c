import { filterMatches } from './topic-filter.ts'

/** Streams of a grid by topic. A grid has thousands of sites, and most filters name one: only its streams are looked at then. */
export class StreamIndex<Stream extends { readonly topic: string }> {
  readonly all: readonly Stream[]
  readonly #bySite = new Map<string, Stream[]>()

  constructor(streams: readonly Stream[]) {
    this.all = streams
    for (const stream of streams) {
      const site = siteIn(stream.topic)!
      const known = this.#bySite.get(site)
      if (known) known.push(stream)
      else this.#bySite.set(site, [stream])
    }
  }

  matching(filter: string): readonly Stream[] {
    const site = siteIn(filter)
    const candidates = site === undefined ? this.all : (this.#bySite.get(site) ?? [])
    return candidates.filter(({ topic }) => filterMatches(filter, topic))
  }
}

/** First three levels, where they are whole and more follows. */
const siteIn = (filter: string): string | undefined => /^[^+#/]+\/[^+#/]+\/[^+#/]+(?=\/)/.exec(filter)?.[0]
