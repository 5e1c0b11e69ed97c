/** How long the event loop is held up, turn by turn, while somebody else keeps it busy. */
import type { Figures } from '../figures.ts'
import { quantile } from '../support/quantiles.ts'

/** What a turn takes in which there is nothing to do. */
const IDLE_TURN_MS = 0.1

/** Of the turns within so many ms in which there was something to do. */
export async function turnsWithin(ms: number): Promise<Figures> {
  const turns: number[] = []
  const endMs = performance.now() + ms
  await new Promise<void>((resolve) => {
    let lastMs = performance.now()
    const turn = (): void => {
      const nowMs = performance.now()
      if (nowMs - lastMs > IDLE_TURN_MS) turns.push(nowMs - lastMs)
      lastMs = nowMs
      if (nowMs < endMs) setImmediate(turn)
      else resolve()
    }
    setImmediate(turn)
  })
  return { export_turn_ms_p50: quantile(turns, 0.5), export_turn_ms_p99: quantile(turns, 0.99) }
}
