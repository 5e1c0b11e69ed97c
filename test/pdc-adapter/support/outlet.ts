import type { StreamOutput } from '../../../src/link/index.ts'
import type { Outlet } from '../../../src/pdc-adapter/late-lane.ts'

/** One stream's way to its PDCs, with what a consumer would know of it. Frames are known by their first byte. */
export class FakeOutlet implements Outlet {
  /** What the PDC got, in order. */
  readonly sent: number[] = []
  readonly outcomes: string[] = []
  rooms = 0
  receivers = 1
  bufferedBytes = 0
  lateRoom = Number.POSITIVE_INFINITY
  /** Whether the PDC keeps up. */
  takes = true
  rate = 50
  /** Times that are not there and may still come. */
  readonly pending = new Set<number>()

  get output(): StreamOutput {
    const { receivers, bufferedBytes, lateRoom } = this
    const take = (frame: Uint8Array): boolean => {
      if (receivers > 0 && this.takes) this.sent.push(frame[0]!)
      return receivers > 0 && this.takes
    }
    return {
      receivers,
      bufferedBytes,
      lateRoom,
      late: take,
      configuration() {},
      header() {},
      close() {},
      data: take,
    }
  }

  room(): void {
    this.rooms++
  }

  delivered(timeUs: number, as: 'live' | 'late'): void {
    this.outcomes.push(`${as} ${timeUs} delivered`)
  }

  release(timeUs: number, as: 'live' | 'late'): void {
    this.outcomes.push(`${as} ${timeUs} released`)
  }

  pendingBetween(afterUs: number, beforeUs: number): boolean {
    return [...this.pending].some((pendingUs) => pendingUs > afterUs && pendingUs < beforeUs)
  }
}

export const frameOf = (n: number): Uint8Array => Uint8Array.of(n)
