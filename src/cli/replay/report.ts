import type { CaptureFault } from '../../capture/index.ts'
import type { Recording, Replay, ReplayedStream } from '../../simulator/index.ts'
import { faultText } from '../capture-input.ts'
import { endpointText } from '../decode/text.ts'
import { describeRate } from '../terminal/configuration-view.ts'
import { printable } from '../terminal/printable.ts'
import { count } from '../terminal/quantity.ts'
import { formatTable } from '../terminal/table.ts'

/** What of the capture is not played, one line each. */
export function warningsOf({ unplayable }: Recording, fault: CaptureFault | undefined): string[] {
  return [
    ...(fault ? [`the capture is damaged: ${faultText(fault)}; what comes before is played`] : []),
    ...unplayable.map(
      ({ idcode, source, dataFrames }) =>
        `not played: IDCODE ${idcode} of ${endpointText(source)} (${count(dataFrames, 'data frame')}) has no configuration; give one with --config FILE`,
    ),
  ]
}

/** The PMUs, and where a PDC finds them. */
export function replayTable({ streams }: Replay): string[] {
  const rows = streams.map((stream) => {
    const { recorded } = stream
    const { idcode, source, configuration, dataFrames } = recorded
    const stations = printable(configuration.pmus.map(({ stn }) => stn).join(', '))
    const { dataRate } = configuration
    return [
      String(idcode),
      stations,
      describeRate(dataRate),
      String(dataFrames),
      endpointText(source),
      addressText(stream),
    ]
  })
  return formatTable(['IDCODE', 'STATION', 'RATE', 'FRAMES', 'CAPTURED FROM', 'ADDRESS'], rows, { right: [0, 3] })
}

/** What `--json` prints at the end. */
export function replayReport({ streams, rounds }: Replay): object {
  return {
    streams: streams.map((stream) => ({
      idcode: stream.recorded.idcode,
      station_names: stream.recorded.configuration.pmus.map(({ stn }) => stn),
      address: addressText(stream),
      frames: stream.frames,
    })),
    rounds,
  }
}

const addressText = ({ address }: ReplayedStream): string =>
  `tcp://${endpointText({ address: address.host, port: address.port })}`
