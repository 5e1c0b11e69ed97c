/**
 * C37.118 over sockets. {@link startSource} reads a PMU: we are the PDC.
 * {@link startServer} serves PDCs: we are the PMU.
 *
 * @example
 * ```ts
 * const server = startServer(ServerConfig.parse({ listen: ['tcp://127.0.0.1:4712'] }), deps)
 * const stream = server.stream(241)
 * startSource(SourceConfig.parse({ transport: 'tcp://pmu:4712', idcode: 241 }), { ...deps, sink: {
 *   configuration: (fragments) => stream.configuration(fragments),
 *   header: (frame) => stream.header(frame),
 *   data: (frame) => stream.data(frame),
 *   online() {},
 *   offline() {},
 * } })
 * ```
 *
 * @module
 */

export type { ServerConfigInput } from '../config/server.ts'
export { ServerConfig } from '../config/server.ts'
export type { SourceConfigInput } from '../config/source.ts'
export { SourceConfig } from '../config/source.ts'
export { describeTransport, Transport } from '../config/transport.ts'
export type { Dialogue, Request } from './dialogue.ts'
export { openDialogue } from './dialogue.ts'
export { explainOffline } from './explain-offline.ts'
export type { LinkFault } from './link-error.ts'
export { LinkError } from './link-error.ts'
export type { ClientStatus, ServerAddress } from './listener.ts'
export { readSavedConfiguration } from './saved-configuration.ts'
export type { StreamFate, StreamOutput } from './served-stream.ts'
export type { Server, ServerDeps, ServerStatus } from './server.ts'
export { startServer } from './server.ts'
export type { Lease, SharedInputs } from './shared-inputs.ts'
export { createSharedInputs } from './shared-inputs.ts'
export type { Source, SourceDeps, SourceStatus } from './source.ts'
export { startSource } from './source.ts'
export type { OfflineReason, SourceSink, UnusableReason } from './source-sink.ts'
