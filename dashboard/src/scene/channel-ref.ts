/** A channel of a stream, as links name it: `TOPIC|CHANNEL`. */
export interface ChannelRef {
  /** Topic. */
  readonly stream: string
  readonly channel: string
}

/** A voltage of any PMU, against which angles are told; without one, as they were sent. */
export type Reference = ChannelRef | undefined

export const refText = ({ stream, channel }: ChannelRef): string => `${stream}|${channel}`

/** `undefined` where the text names none. */
export function refOf(text: string): ChannelRef | undefined {
  const at = text.indexOf('|')
  return at <= 0 || at === text.length - 1 ? undefined : { stream: text.slice(0, at), channel: text.slice(at + 1) }
}
