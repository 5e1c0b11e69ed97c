/**
 * The phasor data concentrator (IEEE C37.247; C37.244 explains it).
 *
 * @module
 */

export type { Adjustment, BlockFormat } from './block-format.ts'
export type { MemberRules } from './members.ts'
export type { Pdc, PdcConfig, PdcDeps, PdcOutputConfig } from './pdc.ts'
export { startPdc } from './pdc.ts'
export type { PdcFault } from './pdc-error.ts'
export { PdcError } from './pdc-error.ts'
export type { PdcInput } from './pdc-inputs.ts'
