import type { BrokerConfig } from '../config/bus.ts'
import type { Running } from '../runtime/service.ts'
import type { NodeBus } from './bus.ts'
import type { BusDeps } from './mqtt-bus.ts'
import { OneBroker } from './one-broker.ts'
import { SeveralBrokers } from './several-brokers.ts'

/** Several brokers as one bus; `announce` is for all of them. */
export interface FailoverBus extends NodeBus, Running {
  /** One for each broker, nearest first: what goes to all of them goes here. */
  readonly members: readonly NodeBus[]
  /** Which of them is in use. */
  readonly active: number
  /** Called after every move. Returns the way to take it back. */
  onMove(callback: () => void): () => void
}

export interface FailoverDeps extends BusDeps {
  /** Uses the same broker as this one, wherever it can: for who must meet the same others there. */
  readonly follow?: FailoverBus
}

/**
 * Connects to all of these brokers, nearest first, and uses the nearest that
 * works: subscribes there, publishes there. Moves on at once when its
 * connection is lost, and when frames that used to come do not come any more
 * while another broker has them; goes back to a nearer one that has worked for
 * `returnAfterS`, without a gap, and after each relapse twice as late. At a
 * move every subscription is told that it was lost and granted anew; a message
 * of both brokers comes twice then.
 */
export function startFailoverBus(brokers: readonly BrokerConfig[], deps: FailoverDeps): FailoverBus {
  const [first, ...others] = brokers
  if (!first) throw new Error('a bus needs a broker')
  return others.length === 0 ? new OneBroker(first, deps) : new SeveralBrokers(brokers, deps)
}
