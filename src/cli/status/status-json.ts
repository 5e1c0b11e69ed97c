import { lostAt, type StatusModel } from './status-model.ts'

/** What `phasorbus status --json` prints. */
export function statusObject({ nodes, streams, consumers, unreadable }: StatusModel): object {
  return {
    nodes: nodes.map(([node, { online, reason, since, brokers }]) => ({
      node,
      online,
      reason: reason ?? null,
      since,
      brokers,
    })),
    streams: streams.map(({ topic, online, states }) => ({
      stream: topic,
      online,
      rate: states.find(({ rate }) => rate !== null)?.rate ?? null,
      nodes: states.map(({ node, online, reason, journal, pdc }) => ({
        node,
        online,
        reason: reason ?? null,
        journal,
        ...(pdc && { pdc }),
      })),
    })),
    consumers: consumers.map(({ node, consumer, streams, total }) => ({
      node,
      consumer,
      streams: Object.fromEntries(streams),
      total,
    })),
    lost: lostAt(consumers),
    pending: consumers.reduce((sum, { total }) => sum + total.pending, 0),
    unreadable: Object.fromEntries(unreadable),
  }
}
