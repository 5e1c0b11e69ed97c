/**
 * Streams of the bus, served to PDCs.
 *
 * @module
 */
export type { PdcAdapter, PdcAdapterConfig, PdcAdapterDeps } from './pdc-adapter.ts'
export { startPdcAdapter } from './pdc-adapter.ts'
