import { stampFrame } from '../../src/c37118/index.ts'
import { golden, hex } from '../fixtures/golden.ts'

/** The CFG-2 of Blue PMU under another IDCODE. */
export function bluePmu(idcode: number): Uint8Array {
  const frame = hex(golden.bluePmuConfig)
  frame[36] = idcode >> 8
  frame[37] = idcode & 0xff
  stampFrame(frame, { soc: 1_700_000_000, fraction: 0, idcode })
  return frame
}

/** A data frame of it, stamped with a time in milliseconds since the UNIX epoch. */
export function blueFrame(idcode: number, atMs: number): Uint8Array {
  const frame = hex(golden.bluePmuData)
  stampFrame(frame, {
    soc: Math.floor(atMs / 1000),
    fraction: Math.floor((atMs % 1000) * 16_777.215),
    idcode,
  })
  return frame
}

/** SOC and FRACSEC of such a frame, in milliseconds since the UNIX epoch. */
export function timeOf(frame: Uint8Array): number {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return view.getUint32(6) * 1000 + (view.getUint32(10) & 0xffffff) / 16_777.215
}

/** Calls `tick` every 20 ms by the clock with the time of the slot, until stopped. */
export function every20ms(tick: (atMs: number) => void): { stop(): void } {
  let slot = Math.ceil(Date.now() / 20)
  let timer: NodeJS.Timeout
  const next = (): void => {
    timer = setTimeout(
      () => {
        while (slot * 20 <= Date.now()) tick(slot++ * 20)
        next()
      },
      slot * 20 - Date.now(),
    )
  }
  next()
  return { stop: () => clearTimeout(timer) }
}
