/** Which configurations a stream had, and since when: as the frames say that are stored, to the frame. */
import { framesPerSecond } from '../c37118/index.ts'
import { bestSegments } from './best-segments.ts'
import { Kind } from './schema.ts'
import type { Epoch, Store } from './store.ts'
import { withConnection } from './with-connection.ts'

/** A configuration from its first frame on, up to the next. */
export interface InForce {
  readonly sinceUs: number
  readonly epoch: Epoch
}

const ALWAYS = { fromUs: Number.NEGATIVE_INFINITY, toUs: Number.POSITIVE_INFINITY }

interface Used {
  readonly fromUs: number
  /** Of the last frame. */
  readonly toUs: number
  readonly epoch: number
}

/**
 * By time. One that comes back is there again. One of which no frame is stored
 * is there since it was heard of. Throws HistorianError where the stream is unknown.
 */
export async function configurationHistory(
  store: Store,
  topic: string,
  signal?: AbortSignal,
): Promise<readonly InForce[]> {
  const stream = store.streamOf(topic)
  return (await configurationHistories(store, [stream], 0, signal)).get(stream)!
}

/** The same of several streams, by their numbers. With `sinceUs`, what is hot and older is not looked at. */
export async function configurationHistories(
  store: Store,
  streams: readonly number[],
  sinceUs = 0,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, readonly InForce[]>> {
  const hot = await hotOf(store, streams, sinceUs, signal)
  // Only now: what was sealed before was no longer hot.
  return new Map(streams.map((stream) => [stream, historyOf(store, stream, hot.get(stream) ?? [])]))
}

function historyOf(store: Store, stream: number, hot: readonly Used[]): readonly InForce[] {
  const used = [...bestSegments(store, stream, ALWAYS, 'frames'), ...hot]
  const history = changesOf(used, (epoch) => periodUs(store.epoch(epoch)))
  const unused = store.epochsOf(stream).filter(({ number }) => !used.some(({ epoch }) => epoch === number))
  return [
    ...history.map(({ fromUs, epoch }) => ({ sinceUs: fromUs, epoch: store.epoch(epoch) })),
    ...unused.map((epoch) => ({ sinceUs: epoch.sinceUs, epoch })),
  ].toSorted((one, other) => one.sinceUs - other.sinceUs)
}

/** A connection of its own: it may read all that is hot. */
async function hotOf(
  store: Store,
  streams: readonly number[],
  sinceUs: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, readonly Used[]>> {
  return await withConnection(store, signal, async (connection) => {
    const rows = await connection.rows(
      `select stream, epoch, min(time_us), max(time_us) from frames
       where stream in (${['null', ...streams].join(', ')}) and time_us >= ${sinceUs}
         and kind in (${Kind.live}, ${Kind.late}) group by stream, epoch, hour`,
    )
    const used = new Map<number, Used[]>()
    for (const [stream, epoch, fromUs, toUs] of rows) {
      const of = used.get(Number(stream)) ?? []
      used.set(Number(stream), of)
      of.push({ epoch: Number(epoch), fromUs: Number(fromUs), toUs: Number(toUs) })
    }
    return used
  })
}

/** Where another begins to be used; one that is used within the time of another is followed by it again. */
function changesOf(used: readonly Used[], periodOf: (epoch: number) => number): readonly Used[] {
  const left = used.toSorted((one, other) => one.fromUs - other.fromUs)
  const changes: Used[] = []
  let last: Used | undefined
  for (let at = 0; at < left.length; at++) {
    const one = left[at]!
    if (one.epoch === last?.epoch) {
      last = one.toUs > last.toUs ? one : last
      continue
    }
    changes.push(one)
    if (last && last.toUs > one.toUs) {
      const again = { ...last, fromUs: one.toUs + periodOf(one.epoch) }
      const next = left.findIndex(({ fromUs }, index) => index > at && fromUs >= again.fromUs)
      left.splice(next < 0 ? left.length : next, 0, again)
    }
    last = one
  }
  return changes
}

/** From frame to frame; 0 where nothing says it. */
export const periodUs = ({ configuration }: Epoch): number => {
  const rate = framesPerSecond(configuration.dataRate)
  return rate > 0 ? Math.round(1e6 / rate) : 0
}
