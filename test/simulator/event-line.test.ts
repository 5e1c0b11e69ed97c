import { describe, expect, it } from 'vitest'
import { eventKinds, parseEventLine, SimulatorError } from '../../src/simulator/index.ts'

describe('an event line', () => {
  it.each([
    ['load-step bus=18 kw=200', { kind: 'load-step', bus: 18, kw: 200, kvar: 0 }],
    ['  load-step  bus=18 kw=-50.5 kvar=10 for=30 at=5 ', { bus: 18, kw: -50.5, kvar: 10, durationS: 30, at: 5 }],
    ['frequency-excursion hz=-0.4 rampS=2', { kind: 'frequency-excursion', hz: -0.4, rampS: 2, durationS: 10 }],
    ['voltage-sag depth=0.5 phases=ab durationS=0.1', { depth: 0.5, phases: 'ab', durationS: 0.1 }],
    ['oscillation', { kind: 'oscillation', hz: 0.5, durationS: 20 }],
    ['time-sync-loss pmu=765', { kind: 'time-sync-loss', pmu: 765, driftUsPerS: 1 }],
    ['pmu-fault pmu=765 mode=silent', { mode: 'silent' }],
    ['island branch=6-26 generationKw=900', { branch: '6-26', generationKw: 900 }],
  ])('%s is read', (line, event) => expect(parseEventLine(line)).toMatchObject(event))

  it.each([
    ['', /load-step/],
    ['lode-step bus=1', /did you mean load-step/],
    ['load-step buss=18 kw=1', /did you mean `bus`/],
    ['load-step bus 18', /NAME=VALUE/],
    ['load-step bus=18', /kw/],
    ['load-step bus=18 kw=much', /kw/],
    ['voltage-sag depth=1.5', /depth/],
    ['oscillation bus=18', /bus and kw/],
    ['island branch=6', /FROM-TO/],
  ])('%s is refused with what is wrong', (line, problem) => {
    try {
      parseEventLine(line)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(SimulatorError)
      const { facts } = error as SimulatorError
      expect(facts.code).toBe('SIMULATOR_BAD_EVENT')
      expect(facts).toMatchObject({ problems: [expect.stringMatching(problem)] })
    }
  })

  it('can be of seven kinds, each explained field by field', () => {
    const kinds = eventKinds()
    expect(kinds.map(({ kind }) => kind)).toEqual([
      'load-step',
      'frequency-excursion',
      'voltage-sag',
      'oscillation',
      'time-sync-loss',
      'pmu-fault',
      'island',
    ])
    for (const { about, fields } of kinds) {
      expect(about).not.toBe('')
      for (const field of fields) expect(field.about, field.name).not.toBe('')
    }
    const [first] = kinds
    expect(first?.fields.map(({ name, isOptional }) => [name, isOptional])).toEqual([
      ['at', true],
      ['bus', false],
      ['kw', false],
      ['kvar', true],
      ['for', true],
    ])
  })
})
