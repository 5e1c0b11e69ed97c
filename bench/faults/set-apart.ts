import type { MissingFrame } from '../lab/witness.ts'

/** In monotonic milliseconds. */
export interface Kill {
  readonly killedMs: number
  /** When the system said that it was gone: its sockets are closed by then. */
  readonly goneMs: number
  /** When it ran no more. */
  readonly stoppedMs: number
  /** What was written since then stood unread at it, at the most. */
  readonly unreadFromMs: number
}

export interface Kills {
  /** Of the only adapter that PMUs had. */
  readonly adapter: readonly Kill[]
  readonly consumer: readonly Kill[]
}

/** Of the frames that never came: which of them nothing could have brought, and which were lost. */
export interface Apart {
  readonly lost: number
  /** Nobody had their stream on, or who had was dead or died before it could read them. */
  readonly not_received: number
  /** Handed to a PDC's connection just before its adapter was killed. */
  readonly in_socket: number
}

/** Written so long before a kill, a frame may have been on its way to who was killed, or read and not yet on a disk. */
const onItsWayMs = 10
/** So long after it is gone, a PMU knows that nobody is at its connection's other end. */
const noticeMs = 200
const inSocketMs = 100

export function setApart(missing: readonly MissingFrame[], { adapter, consumer }: Kills): Apart {
  // One connection after the other is found closed: each stream has its own moment.
  const unheardMs = new Map<string, number[]>()
  for (const { stream, writtenAtMs, unheard } of missing) {
    if (unheard) unheardMs.set(stream, [...(unheardMs.get(stream) ?? []), writtenAtMs])
  }
  const isUnnoticed = ({ stream, writtenAtMs }: MissingFrame): boolean =>
    adapter.some(({ killedMs, goneMs, unreadFromMs }) => {
      const noticed = (unheardMs.get(stream) ?? []).filter((ms) => ms >= killedMs)
      const fromMs = Math.min(killedMs, unreadFromMs) - onItsWayMs
      return writtenAtMs >= fromMs && writtenAtMs < Math.min(goneMs + noticeMs, least(noticed))
    })
  const inSocket = consumer.map(({ killedMs, stoppedMs }) => ({ from: killedMs - inSocketMs, to: stoppedMs }))

  const apart = { lost: 0, not_received: 0, in_socket: 0 }
  for (const frame of missing) {
    const isIn = ({ from, to }: { readonly from: number; readonly to: number }): boolean =>
      frame.writtenAtMs >= from && frame.writtenAtMs < to
    if (adapter.length > 0 && (frame.unheard || isUnnoticed(frame))) apart.not_received++
    else if (inSocket.some(isIn)) apart.in_socket++
    else apart.lost++
  }
  return apart
}

const least = (values: readonly number[]): number =>
  values.reduce((smallest, value) => Math.min(smallest, value), Number.POSITIVE_INFINITY)
