/** What a started service gives back. It is stopped by its signal, and by nothing else. */
export interface Running {
  /** Resolves once everything is closed after an abort; rejects if the service died. */
  readonly done: Promise<void>
}

/** Constant messages, facts as fields, so that lines can be counted. */
export interface Log {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}

/** What every service needs from the process around it. */
export interface ServiceDeps {
  readonly signal: AbortSignal
  readonly log: Log
  readonly metrics: Metrics
}

/** A number that only grows. `add` is on the hot path: bind the labels once, outside it. */
export interface Counter {
  add(count?: number): void
  readonly value: number
}

/** A number that goes both ways. */
export interface Gauge {
  set(value: number): void
  readonly value: number
}

/**
 * Where a service counts. Names follow Prometheus: `phasorbus_…_total` for
 * counters, the unit at the end of everything else. The same name and labels
 * give the same instrument.
 */
export interface Metrics {
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): Counter
  gauge(name: string, help: string, labels?: Readonly<Record<string, string>>): Gauge
  /** Forgets every instrument that carries all of these labels: a retired stream leaves no ghost. */
  forget(labels: Readonly<Record<string, string>>): void
}
