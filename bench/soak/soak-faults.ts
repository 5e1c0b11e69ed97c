import { setTimeout as sleep } from 'node:timers/promises'
import { killPart, restartAfterMs } from '../faults/kill-part.ts'
import type { Line } from '../faults/line.ts'
import type { Part } from '../faults/parts.ts'
import type { Kill } from '../faults/set-apart.ts'

export interface SoakKills {
  readonly adapter: Kill[]
  readonly consumer: Kill[]
}

export interface SoakFault {
  readonly name: string
  /** Resolves when its cause is gone. */
  strike(line: Line, kills: SoakKills): Promise<void>
}

const cutMs = 5_000
const lossPercent = 20

const cut = (host: string): SoakFault => ({
  name: `${host} cut off from the broker for 5 s`,
  async strike({ network }) {
    await network.cut([host], ['broker'])
    await sleep(cutMs)
    await network.heal([host], ['broker'])
  },
})

const lossy = (host: string): SoakFault => ({
  name: `${lossPercent} % of packets lost between ${host} and broker for 5 s`,
  async strike({ network }) {
    await network.lose(lossPercent, host, 'broker')
    await sleep(cutMs)
    await network.lose(0, host, 'broker')
  },
})

const brokerKilled: SoakFault = {
  name: 'broker killed',
  async strike({ brokers }) {
    await brokers[0]!.kill()
    await sleep(restartAfterMs)
    await brokers[0]!.start()
  },
}

async function killed(part: Part, kills: Kill[]): Promise<void> {
  kills.push(await killPart(part))
}

const adapterKilled: SoakFault = {
  name: 'PMU-adapter killed',
  strike: ({ publisher }, { adapter }) => killed(publisher, adapter),
}
const consumerKilled: SoakFault = {
  name: 'PDC-adapter killed',
  strike: ({ consumer }, { consumer: kills }) => killed(consumer, kills),
}

const sparing = [brokerKilled, cut('site'), cut('center'), lossy('site'), lossy('center')]

/** All of them, or those that no adapter dies of. */
export const faultsOf = (all: boolean): readonly SoakFault[] =>
  all ? [...sparing, adapterKilled, consumerKilled] : sparing
