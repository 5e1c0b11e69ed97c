import type { Counter, Gauge, Metrics } from '../runtime/service.ts'

/** Why a frame was not kept. Labels of a metric; never renamed. */
export type LostReason =
  /** The disk did not take it in time: memory was full. */
  | 'write-failed'
  /** It came before any configuration that says what it is. */
  | 'no-configuration'

/** What a journal counts, all streams together: a thousand streams must not make ten thousand series. */
export class JournalCounters {
  readonly frames: Counter
  readonly bytes: Counter
  readonly writes: Counter
  readonly writtenBytes: Counter
  readonly writeSeconds: Counter
  readonly syncs: Counter
  readonly syncSeconds: Counter
  readonly failures: Counter
  readonly damagedBytes: Counter
  readonly expiredSegments: Counter
  readonly droppedConfigurations: Counter
  readonly failing: Gauge
  readonly memoryBytes: Gauge
  readonly diskBytes: Gauge
  readonly slowestWriteSeconds: Gauge
  readonly #lost: Readonly<Record<LostReason, Counter>>

  constructor(metrics: Metrics) {
    this.frames = metrics.counter('phasorbus_journal_frames_total', 'data frames kept')
    this.bytes = metrics.counter('phasorbus_journal_bytes_total', 'bytes of data frames kept')
    this.writes = metrics.counter('phasorbus_journal_writes_total', 'writes to the commit log')
    this.writtenBytes = metrics.counter('phasorbus_journal_written_bytes_total', 'bytes written to the commit log')
    this.writeSeconds = metrics.counter('phasorbus_journal_write_seconds_total', 'time that those writes took')
    this.syncs = metrics.counter('phasorbus_journal_syncs_total', 'syncs of the commit log')
    this.syncSeconds = metrics.counter('phasorbus_journal_sync_seconds_total', 'time that those syncs took')
    this.failures = metrics.counter('phasorbus_journal_failures_total', 'writes and syncs that failed')
    this.damagedBytes = metrics.counter(
      'phasorbus_journal_damaged_bytes_total',
      'kept bytes that are no frame any more',
    )
    this.expiredSegments = metrics.counter(
      'phasorbus_journal_expired_segments_total',
      'segments that went at a bound of bytes or age',
    )
    this.droppedConfigurations = metrics.counter(
      'phasorbus_journal_dropped_configurations_total',
      'configurations that memory had no room for, and that no kept frame is of',
    )
    this.failing = metrics.gauge('phasorbus_journal_failing', '1 while the disk takes nothing: the alarm')
    this.memoryBytes = metrics.gauge(
      'phasorbus_journal_memory_bytes',
      'bytes that are in memory alone, or not in segments yet',
    )
    this.diskBytes = metrics.gauge('phasorbus_journal_disk_bytes', 'bytes of segments on disk')
    this.slowestWriteSeconds = metrics.gauge(
      'phasorbus_journal_slowest_write_seconds',
      'longest write to the commit log so far',
    )
    const lost = (reason: LostReason): Counter =>
      metrics.counter('phasorbus_journal_lost_frames_total', 'data frames that are not kept', { reason })
    this.#lost = {
      'write-failed': lost('write-failed'),
      'no-configuration': lost('no-configuration'),
    }
  }

  lost(reason: LostReason, count = 1): void {
    this.#lost[reason].add(count)
  }
}
