/**
 * The producer side's record on disk of every frame it received, and the
 * server that replays it.
 *
 * @module
 */

export type { ReplayPage, ReplayServerConfig, ReplayServerDeps, ReplaySource } from './replay-server.ts'
export { startReplayServer } from './replay-server.ts'
