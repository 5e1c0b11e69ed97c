/** One end of a flow. A raw byte stream has none: address '' and port 0. */
export interface Endpoint {
  readonly address: string
  readonly port: number
}

/** One way through a flow. The same object for everything that went that way: compare by identity. */
export interface Direction {
  readonly flow: Flow
  readonly from: Endpoint
  readonly to: Endpoint
}

/** Everything between two endpoints. */
export interface Flow {
  /** Counts up from 1, in order of appearance. */
  readonly id: number
  readonly transport: 'tcp' | 'udp' | 'raw'
  /** As the SYN went, or the first packet where there was no SYN: usually from the PDC to the PMU. */
  readonly forward: Direction
  readonly backward: Direction
}

/** What a {@link FlowAssembler} finds. All calls synchronous; bytes are views and may be kept. */
export interface FlowSink {
  /** The next bytes of a TCP direction, in order. */
  bytes(direction: Direction, bytes: Uint8Array, timeUs: number | undefined): void
  /** One UDP payload. */
  datagram(direction: Direction, bytes: Uint8Array, timeUs: number | undefined): void
  /** TCP bytes that the capture does not have; undefined when nobody can say how many. */
  gap(direction: Direction, missingBytes: number | undefined, timeUs: number | undefined): void
  /** This direction of a TCP connection ended. */
  closed(direction: Direction, timeUs: number | undefined): void
  /** The flow gave way to others (maxFlows) or the capture is over: nothing more comes of it. */
  forgotten(flow: Flow): void
}

export function createFlow(id: number, transport: Flow['transport'], from: Endpoint, to: Endpoint): Flow {
  const flow = { id, transport } as { -readonly [K in keyof Flow]: Flow[K] }
  flow.forward = { flow, from, to }
  flow.backward = { flow, from: to, to: from }
  return flow
}
