import type { Replay } from '../../simulator/index.ts'
import { createProgress } from '../terminal/progress.ts'
import { count } from '../terminal/quantity.ts'

const DRAW_MS = 250

export interface ReplayView {
  readonly loop: boolean
  readonly signal: AbortSignal
  readonly stream?: NodeJS.WriteStream
}

/** How far it is, and for how many PDCs, until it ends; on a terminal only. */
export function showReplay(replay: Replay, { loop, signal, stream = process.stderr }: ReplayView): void {
  if (!stream.isTTY) return
  const total = replay.streams.reduce((sum, { recorded }) => sum + recorded.dataFrames, 0)
  const room = `${total} of ${total} frames, 99 clients${loop ? ', round 999' : ''}`.length
  const progress = createProgress(stream, { label: 'playing', total, room, afterMs: 0 })
  const draw = (): void => {
    const { sent, detail } = replayState(replay, total, loop)
    progress.at(sent, detail)
  }
  draw()
  const timer = setInterval(draw, DRAW_MS)
  const end = (): void => {
    clearInterval(timer)
    progress.end()
  }
  signal.addEventListener('abort', end, { once: true })
  replay.done.then(end, end)
}

/** Frames of this round, and what is said behind the bar. */
export function replayState(replay: Replay, total: number, loop: boolean): { sent: number; detail: string } {
  const { streams, rounds } = replay
  const sent = streams.reduce((sum, { frames }) => sum + frames, 0) - rounds * total
  const clients = streams.reduce((sum, { receivers }) => sum + receivers, 0)
  const said = [
    `${sent} of ${count(total, 'frame')}`,
    clients === 0 ? 'no client yet' : count(clients, 'client'),
    ...(loop ? [`round ${rounds + 1}`] : []),
  ]
  // The last round has ended, and no other has begun.
  return !loop && rounds > 0 ? { sent: total, detail: said.slice(1).join(', ') } : { sent, detail: said.join(', ') }
}
