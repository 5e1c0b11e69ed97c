import { startRawPdc } from '../../../judge/index.ts'
import { type Configuration, dataBlocks, decodeConfiguration, isAbsentBlock } from '../../c37118/index.ts'

/** The stream of the area's PDC, as a client of it sees it. */
export class AreaView {
  /** Frames with all PMUs of the area, and with some. */
  complete = 0
  partial = 0
  /** PMUs in the last frame. */
  present = 0
  #blocks: readonly number[] = []

  /** `pmus`: of the area; frames count from the first that has them all. `isOpen`: whether frames count. */
  constructor(
    { port, idcode, pmus }: { readonly port: number; readonly idcode: number; readonly pmus: number },
    signal: AbortSignal,
    isOpen: () => boolean,
  ) {
    startRawPdc({
      host: '127.0.0.1',
      port,
      idcode,
      signal,
      onConfiguration: (frame) => this.#configured(decodeConfiguration([frame])),
      onData: (frame) => {
        this.present = this.#blocks.filter((offset) => !isAbsentBlock(frame, offset)).length
        if (!isOpen()) return
        if (this.present === pmus) this.complete++
        else if (this.complete > 0) this.partial++
      },
    })
  }

  #configured(configuration: Configuration): void {
    this.#blocks = dataBlocks(configuration).map(({ offset }) => offset)
  }
}
