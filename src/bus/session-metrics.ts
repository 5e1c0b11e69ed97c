import type { Counter, Gauge, Metrics } from '../runtime/service.ts'

/** What a session did; labelled with its client id. */
export interface SessionMetrics {
  readonly draining: Gauge
  readonly late: Counter
  readonly known: Counter
  readonly forgotten: Counter
  readonly unrecognisable: Gauge
}

export function sessionMetrics(metrics: Metrics, clientId: string): SessionMetrics {
  const labels = { session: clientId }
  return {
    draining: metrics.gauge('phasorbus_session_draining', '1 while a live lane is beside the session.', labels),
    late: metrics.counter('phasorbus_session_late_total', 'Messages of the backlog of a session.', labels),
    known: metrics.counter(
      'phasorbus_session_known_total',
      'Messages that both lanes brought, or the broker sent again, and that were dropped.',
      labels,
    ),
    forgotten: metrics.counter(
      'phasorbus_session_forgotten_total',
      'Times that the broker had no session of this client.',
      labels,
    ),
    unrecognisable: metrics.gauge(
      'phasorbus_session_unrecognisable',
      'Messages of live lanes that were too many to remember: they come a second time, as late ones.',
      labels,
    ),
  }
}
