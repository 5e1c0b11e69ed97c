/**
 * The HTTP API: what is stored, for whoever asks.
 *
 * @module
 */

export type {
  CompletenessAnswer,
  CompletenessCounts,
  EventsAnswer,
  RangeAnswer,
  StoredEvent,
  StoredGap,
  StoredStream,
} from './answers.ts'
export { ApiError, type ApiFault } from './api-error.ts'
export type { DashboardConfig, LiveAccess } from './dashboard.ts'
export type { GridJson, GridSiteJson } from './grid-json.ts'
export { type Api, type ApiConfig, startApi } from './start-api.ts'
export { Tokens } from './tokens.ts'
