import { encodeCommand } from '../c37118/index.ts'
import { utcMs } from '../runtime/clock.ts'

/** A command frame stamped with the host's time. FRACSEC counts microseconds: no PMU judges it. */
export function commandNow(idcode: number, command: number, version: 1 | 2): Uint8Array {
  const nowMs = utcMs()
  return encodeCommand({
    idcode,
    command,
    version,
    soc: Math.floor(nowMs / 1000),
    fraction: Math.floor(nowMs % 1000) * 1000,
  })
}
