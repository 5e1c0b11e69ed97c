import { describe, expect, it } from 'vitest'
import { clip, LiveBlock } from '../../../src/cli/terminal/live-block.ts'
import { formatAngle, formatMs, formatQuantity, formatUtc } from '../../../src/cli/terminal/quantity.ts'
import { createStyle } from '../../../src/cli/terminal/style.ts'

describe('formatQuantity', () => {
  it.each([
    [57_735.03, 'V', '57.735 kV'],
    [400_000, 'V', '400.00 kV'],
    [1_234_567, 'V', '1.2346 MV'],
    [0.01234, 'A', '12.340 mA'],
    [-5, 'A', '-5.0000 A'],
    [0, 'V', '0 V'],
    [Number.NaN, 'V', 'absent'],
  ])('writes %d %s as %s', (value, unit, text) => {
    expect(formatQuantity(value, unit)).toBe(text)
  })
})

it('writes angles in degrees, times in UTC, and spans in what fits them', () => {
  expect(formatAngle(-Math.PI / 3)).toBe('-60.00°')
  expect(formatUtc(1_700_000_000.02)).toBe('2023-11-14 22:13:20.020')
  expect([12.34, 1234, 65_000, 7_300_000, 200_000_000].map(formatMs)).toEqual([
    '12.3 ms',
    '1234 ms',
    '65 s',
    '2.0 h',
    '2 days',
  ])
})

describe('createStyle', () => {
  it.each([
    ['a terminal', true, {}, true],
    ['a pipe', false, {}, false],
    ['a terminal with NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, false],
    ['a pipe with FORCE_COLOR', false, { FORCE_COLOR: '1' }, true],
  ])('colours for %s: %s', (_case, isTTY, env, colours) => {
    expect(createStyle({ isTTY }, env).bad('x') !== 'x').toBe(colours)
  })
})

describe('clip', () => {
  it('counts what is seen, not the colour', () => {
    expect(clip('\x1b[1mhello\x1b[22m world', 7)).toBe('\x1b[1mhello\x1b[22m w')
  })
})

describe('LiveBlock', () => {
  const screen = () => {
    const written: string[] = []
    const stream = { columns: 20, rows: 4, write: (text: string) => written.push(text) > 0 }
    return { written, block: new LiveBlock(stream as unknown as NodeJS.WriteStream) }
  }

  it('draws over what it drew before, and prints above it', () => {
    const { written, block } = screen()
    block.draw(['one', 'two'])
    block.print('above\n')
    block.end()
    expect(written).toEqual(['\x1b[?25l', '\r\x1b[Jone\ntwo\n', '\x1b[2A\r\x1b[Jabove\none\ntwo\n', '\x1b[?25h'])
  })

  it('never draws more than the terminal has, which would scroll', () => {
    const { written, block } = screen()
    block.draw(['1', '2', '3', '4', '5', 'x'.repeat(50)])
    block.end()
    expect(written[1]).toBe('\r\x1b[J1\n2\n3\n')
  })
})
