import type { Endpoint } from '../../capture/index.ts'

/** `10.0.0.7:4712`, `[fe80::1]:4712`; a raw stream has no address. */
export function endpointText({ address, port }: Endpoint): string {
  if (address === '') return 'raw stream'
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `2008-08-01T16:05:30.120000Z`, of microseconds since the UNIX epoch. */
export function isoMicroseconds(us: number): string {
  const whole = Math.floor(us)
  const date = new Date(Math.floor(whole / 1000)).toISOString()
  return `${date.slice(0, -1)}${String(whole % 1000).padStart(3, '0')}Z`
}

/** The same for reading: `2008-08-01 16:05:30.120000`. */
export const readableTime = (us: number): string => isoMicroseconds(us).replace('T', ' ').slice(0, -1)

export const hex = (value: number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`

/** CHK as the frame carries it. */
export const checksumText = (frame: Uint8Array): string =>
  hex((frame[frame.length - 2]! << 8) | frame[frame.length - 1]!, 4)
