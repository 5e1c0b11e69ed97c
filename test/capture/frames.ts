import { stampFrame } from '../../src/c37118/index.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))

/** Frames of C37.118_1PMU_TCP.pcap (cisagov/icsnpp-synchrophasor, BSD-3): packets 4, 6 and the first data frame. */
export const golden = {
  sendConfig2: hex('aa41001200f1 00000000 00000000 0005 d7d0'),
  config2: hex(`aa31008600f14893344a0019999a00ffffff0001426c756520504d55202020202020202000f1000600040000000056314c504d
    202020202020202020202056414c504d202020202020202020202056424c504d202020202020202020202056434c504d2020202020202020
    20202000000001000000010000000100000001000100590032c1e2`),
  data: hex(`aa01003600f14893344a001eb852080042f68f24c7c36623430188cbc7c36332c7a956764742fe4b47a91cdd4743d14400000000
    47ef`),
} as const

/** `count` data frames of that PMU, 20 ms apart, from the golden one's time on. */
export function dataFrames(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const frame = golden.data.slice()
    stampFrame(frame, { soc: 0x4893344a + Math.floor(i / 50), fraction: Math.round(((i % 50) / 50) * 0xffffff) })
    return frame
  })
}

export const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))

export const asHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
