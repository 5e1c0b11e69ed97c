/**
 * The bus: MQTT for every stage, to a broker or to the one inside this process,
 * and the streams on it.
 *
 * @module
 */

export { BrokerConfig, EmbeddedBrokerConfig, LiveConfig } from '../config/bus.ts'
export type { BrokerAddress } from './broker-listener.ts'
export type { Bus, MessageHandler, NodeBus, PublishOptions, Settled, SubscribeOptions, Subscription } from './bus.ts'
export type { BusFault } from './bus-error.ts'
export { BusError } from './bus-error.ts'
export { CarrierWatch } from './carrier-watch.ts'
export { readPassword } from './credential-files.ts'
export type { EmbeddedBroker } from './embedded-broker.ts'
export { startEmbeddedBroker } from './embedded-broker.ts'
export type { FailoverBus, FailoverDeps } from './failover-bus.ts'
export { startFailoverBus } from './failover-bus.ts'
export { isDataFrame } from './is-data-frame.ts'
export type { BusDeps } from './mqtt-bus.ts'
export { startBus } from './mqtt-bus.ts'
export type { BusNode } from './node-presence.ts'
export { clientIdOf } from './node-presence.ts'
export { startSessionLane } from './session-lane.ts'
export type { SessionLane, SessionLaneConfig, SessionLaneDeps } from './session-lane-options.ts'
export type { Pace } from './session-pace.ts'
export type { JournalSpan, StreamProducerDeps, StreamProducerOptions } from './stream-producer.ts'
export { StreamProducer } from './stream-producer.ts'
export type { StreamReaderDeps, StreamReaderOptions, StreamSink } from './stream-reader.ts'
export { StreamReader } from './stream-reader.ts'
