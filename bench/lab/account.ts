/** A consumer's own accounting, as its /metrics say it. */
export interface AccountTotals {
  readonly expected: number
  readonly live: number
  readonly late: number
  readonly neverProduced: number
  readonly notReceived: number
  readonly lost: number
  readonly pending: number
  readonly duplicates: number
  readonly conflicts: number
  /** By verdict and reason: `not-received adapter-down`. */
  readonly absent: Readonly<Record<string, number>>
  /** Expected less everything it was accounted as; 0 when the sums are right. */
  readonly difference: number
}

/** Undefined where the page has no accounts. Sums all streams of all consumers of that process. */
export function accountOf(page: string): AccountTotals | undefined {
  const samples = [...page.matchAll(/^(phasorbus_account_\w+)(?:\{([^\n]*)\})? (\S+)$/gm)].map(
    ([, name, labels, value]) => ({
      name: name!.replace(/_total$/, ''),
      labels: Object.fromEntries([...(labels ?? '').matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])),
      value: Number(value),
    }),
  )
  if (samples.length === 0) return undefined
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    samples
      .filter((sample) => sample.name === `phasorbus_account_${name}`)
      .filter((sample) => Object.entries(labels).every(([key, text]) => sample.labels[key] === text))
      .reduce((total, { value }) => total + value, 0)

  const absent: Record<string, number> = {}
  for (const { name, labels, value } of samples) {
    if (name !== 'phasorbus_account_absent' || value === 0) continue
    const reason = [labels.as, labels.reason].filter(Boolean).join(' ')
    absent[reason] = (absent[reason] ?? 0) + value
  }
  const [expected, live, late] = [sum('expected'), sum('frames', { as: 'live' }), sum('frames', { as: 'late' })]
  const [neverProduced, notReceived, lost] = (['never-produced', 'not-received', 'lost'] as const).map((as) =>
    sum('absent', { as }),
  ) as [number, number, number]
  const pending = sum('pending')
  return {
    expected,
    live,
    late,
    neverProduced,
    notReceived,
    lost,
    pending,
    duplicates: sum('duplicates'),
    conflicts: sum('conflicts'),
    absent,
    difference: expected - live - late - neverProduced - notReceived - lost - pending,
  }
}
