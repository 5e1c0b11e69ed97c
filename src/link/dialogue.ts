import { Command, ConfigurationAssembler, FrameError, FrameType, frameTypeOf, idcodeOf } from '../c37118/index.ts'
import type { SourceConfig } from '../config/source.ts'
import { Answers } from './answers.ts'
import type { ChannelReceiver } from './channel.ts'
import { commandNow } from './command-now.ts'
import { LinkError } from './link-error.ts'
import { openChannel } from './open-channel.ts'
import { createSharedInputs } from './shared-inputs.ts'

/** What can be asked, and the type of the frame that answers. */
const requests = {
  header: { command: Command.sendHeader, type: FrameType.header },
  'config-1': { command: Command.sendConfig1, type: FrameType.config1 },
  'config-2': { command: Command.sendConfig2, type: FrameType.config2 },
  'config-3': { command: Command.sendConfig3, type: FrameType.config3 },
} as const
export type Request = keyof typeof requests

/** A conversation with a PMU, one request at a time; `await using` hangs up. */
export interface Dialogue extends AsyncDisposable {
  readonly address: string
  /**
   * The frames that answer (all fragments of a CFG-3), or undefined if none
   * came within `answerMs` of the configuration: a PMU need not answer.
   */
  ask(request: Request): Promise<readonly Uint8Array[] | undefined>
}

/**
 * Opens the way to a PMU for asking it a few things once. Data are turned off
 * before; {@link startSource} reads them. Rejects with a LinkError.
 */
export async function openDialogue(config: SourceConfig, signal: AbortSignal): Promise<Dialogue> {
  const answers = new Answers<FrameType>()
  const last = new Map<FrameType, readonly Uint8Array[]>()
  const channel = await openChannel(config.transport, receiver(config.idcode, answers, last), createSharedInputs(), {
    connectMs: config.connectMs,
    signal,
  })
  const { address } = channel
  if (!channel.commanded) {
    await channel.close()
    throw new LinkError({ code: 'LINK_NOT_COMMANDED', address }, `nobody can be asked at ${address}`)
  }
  const hangUp = (): void => answers.close()
  signal.addEventListener('abort', hangUp, { once: true })
  void channel.closed.then(hangUp)
  channel.send(commandNow(config.idcode, Command.dataOff, config.version))

  return {
    address,
    async ask(request) {
      const { command, type } = requests[request]
      last.delete(type)
      channel.send(commandNow(config.idcode, command, config.version))
      await answers.wait(type, config.answerMs)
      return last.get(type)
    },
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', hangUp)
      hangUp()
      await channel.close()
    },
  }
}

function receiver(
  idcode: number,
  answers: Answers<FrameType>,
  last: Map<FrameType, readonly Uint8Array[]>,
): ChannelReceiver {
  const assembler = new ConfigurationAssembler()
  const wholeOf = (frame: Uint8Array, type: FrameType): readonly Uint8Array[] | undefined => {
    if (type === FrameType.header) return [frame]
    if (type === FrameType.data || type === FrameType.command) return undefined
    try {
      return assembler.push(frame)
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      return undefined
    }
  }
  return {
    idcode,
    received() {},
    discarded() {},
    ignored() {},
    frame(frame) {
      if (idcodeOf(frame) !== idcode) return
      const type = frameTypeOf(frame)
      const whole = wholeOf(frame, type)
      if (!whole) return
      last.set(type, whole)
      answers.arrived(type)
    },
  }
}
