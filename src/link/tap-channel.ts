import { FrameType, frameTypeOf } from '../c37118/index.ts'
import type { Direction } from '../capture/index.ts'
import { describeTransport, type Transport } from '../config/transport.ts'
import { monotonicMs } from '../runtime/clock.ts'
import type { Channel, ChannelReceiver } from './channel.ts'
import { LinkError } from './link-error.ts'
import type { SharedInputs } from './shared-inputs.ts'

/** The connection that is followed is left for another when it has been without data for so long. */
const LEAVE_AFTER_MS = 2_000

/**
 * Listens in on one stream: the frames of its IDCODE, from the address where
 * one is given. A PMU with two clients is seen twice, so the data of one
 * connection is followed at a time; configurations are taken from whichever
 * connection of the same PMU they pass on.
 */
export async function openTapChannel(
  transport: Extract<Transport, { kind: 'pcap' }>,
  receiver: ChannelReceiver,
  inputs: SharedInputs,
): Promise<Channel> {
  const address = describeTransport(transport)
  const lease = await inputs.tap({ path: transport.path, command: transport.command })
  let followed: Direction | undefined
  let lastDataMs = 0

  const follows = (direction: Direction): boolean => {
    if (direction === followed) return true
    if (followed && monotonicMs() - lastDataMs < LEAVE_AFTER_MS) return false
    followed = direction
    return true
  }

  const remove = lease.value.add({
    receiver,
    passed(frame, direction) {
      const type = frameTypeOf(frame)
      if (type === FrameType.command) {
        receiver.received(frame.length)
        receiver.frame(frame)
      } else if (transport.from !== undefined && direction.from.address !== transport.from) {
        receiver.ignored('foreign-sender')
      } else if (type === FrameType.data) {
        if (follows(direction)) {
          lastDataMs = monotonicMs()
          receiver.received(frame.length)
          receiver.frame(frame)
        } else receiver.ignored('other-flow')
      } else if (followed && direction.from.address !== followed.from.address) {
        receiver.ignored('foreign-sender')
      } else {
        receiver.received(frame.length)
        receiver.frame(frame)
      }
    },
  })

  return {
    address,
    commanded: false,
    pending: 0,
    badChecksums: 0,
    flush() {},
    send() {
      throw new LinkError({ code: 'LINK_NOT_COMMANDED', address }, `${address} is only listened to`)
    },
    closed: lease.failed,
    async close() {
      remove()
      lease.release()
    },
  }
}
