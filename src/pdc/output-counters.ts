import type { Counter, Metrics } from '../runtime/service.ts'
import type { Misplaced } from './alignment-window.ts'

/** What became of the frames of one input at one output. */
export interface InputCounters {
  readonly taken: Counter
  /** Also: replaced by a newer one before its frame went; not of an instant of a lower rate. */
  readonly misplaced: Readonly<Record<Misplaced | 'other-configuration' | 'superseded' | 'between', Counter>>
  /** Instants that went without it. */
  readonly missed: Counter
  /** Values that the numbers of the output cannot hold. */
  readonly unfit: Counter
}

/** What an output has said. */
export interface OutputCounters {
  readonly complete: Counter
  readonly partial: Counter
  /** Without any input. */
  readonly empty: Counter
  readonly skipped: Counter
  readonly configurations: Counter
}

export function outputCounters(metrics: Metrics, output: string): OutputCounters {
  const frames = (as: string): Counter =>
    metrics.counter(
      'phasorbus_pdc_frames_total',
      'Frames of an output: complete, partial (an input is missing) or empty (all are).',
      { output, as },
    )
  return {
    complete: frames('complete'),
    partial: frames('partial'),
    empty: frames('empty'),
    configurations: metrics.counter(
      'phasorbus_pdc_configurations_total',
      'Configurations that an output has had: one more whenever inputs come, go or change.',
      { output },
    ),
    skipped: metrics.counter(
      'phasorbus_pdc_skipped_instants_total',
      'Instants of which no frame was sent: nothing came for them, and they were more than a second old.',
      { output },
    ),
  }
}

export function inputCounters(metrics: Metrics, output: string, input: string): InputCounters {
  const labels = { output, input }
  const misplaced = (reason: string): Counter =>
    metrics.counter(
      'phasorbus_pdc_input_unused_frames_total',
      'Frames of an input that had no place in an output: late, duplicate, stale, of the future, of another configuration, superseded by a newer one (by arrival), or between the instants of a lower rate.',
      { ...labels, reason },
    )
  return {
    taken: metrics.counter('phasorbus_pdc_input_frames_total', 'Frames of an input that went into an output.', labels),
    missed: metrics.counter('phasorbus_pdc_input_missed_total', 'Frames of an output that an input is not in.', labels),
    unfit: metrics.counter(
      'phasorbus_pdc_input_unfit_values_total',
      'Values that were marked absent, because the numbers of the output cannot hold them.',
      labels,
    ),
    misplaced: {
      late: misplaced('late'),
      duplicate: misplaced('duplicate'),
      stale: misplaced('stale'),
      future: misplaced('future'),
      'other-configuration': misplaced('other-configuration'),
      superseded: misplaced('superseded'),
      between: misplaced('between'),
    },
  }
}
