/** One captured packet. */
export interface Packet {
  /** From the link-layer header on, as far as it was captured: a view, may be kept. */
  readonly bytes: Uint8Array
  /** LINKTYPE_ value, https://www.tcpdump.org/linktypes.html */
  readonly linkType: number
  /**
   * Capture time, microseconds since the UNIX epoch; undefined where the file has none (pcapng simple
   * packet blocks). A double holds it to 1/4 µs, so nanosecond files are kept that far.
   */
  readonly timeUs: number | undefined
  /** Length on the wire; more than `bytes.length` when the capture cut packets off (snaplen). */
  readonly originalLength: number
}

/** The link types that are understood, by their LINKTYPE_ (or old DLT_) value. */
export const LinkType = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  linuxSll: 113,
  ipv4: 228,
  ipv6: 229,
  linuxSll2: 276,
} as const
export type LinkType = (typeof LinkType)[keyof typeof LinkType]
