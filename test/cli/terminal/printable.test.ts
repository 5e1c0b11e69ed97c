import { describe, expect, it } from 'vitest'
import { type Configuration, compileDecoder, compileEncoder, FrameType } from '../../../src/c37118/index.ts'
import { doubtLines, stepLine } from '../../../src/cli/connect/connect-view.ts'
import { configurationLines } from '../../../src/cli/terminal/configuration-view.ts'
import { printable } from '../../../src/cli/terminal/printable.ts'
import { sampleLine, sampleLines } from '../../../src/cli/terminal/sample-view.ts'
import { createStyle } from '../../../src/cli/terminal/style.ts'

/** Clears the screen, renames the window, goes up a line; C1's CSI; turns the writing direction. */
const evil = '\x1b[2J\x1b]0;x\x07\r\n\x9b1A\u202e'

describe('printable', () => {
  it('shows what a terminal would obey', () => {
    expect(printable('a\x1b[2Jb\nc\x7fd\x9be\u202ef\u2028g')).toBe('a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg')
  })

  it('leaves names of any language', () => {
    expect(printable('Zürich-β Ω 変電所 नगर 🔌')).toBe('Zürich-β Ω 変電所 नगर 🔌')
  })
})

describe('names that are terminal commands', () => {
  const style = createStyle({}, {})
  const format = { polar: false, phasors: 'float32', analogs: 'float32', freq: 'float32' } as const
  const labels = Array.from({ length: 16 }, () => evil)
  const configuration: Configuration = {
    type: FrameType.config3,
    version: 2,
    idcode: 7,
    soc: 0,
    fraction: 0,
    timeQuality: 0,
    timeBase: 1_000_000,
    timeBaseFlags: 0,
    dataRate: 50,
    pmus: [
      {
        stn: evil,
        idcode: 7,
        format,
        phasors: [{ name: evil, kind: 'voltage' }],
        analogs: [{ name: evil }],
        digitals: [{ labels, normal: 0, valid: 0xffff }],
        fnom: 50,
        cfgcnt: 0,
      },
    ],
  }
  const values = { stat: 0, phasors: [{ re: 1, im: 0 }], freq: 50, dfreq: 0, analogs: [1], digitals: [0xffff] }
  const frame = compileEncoder(configuration).encode({ soc: 1, fraction: 0, pmus: [values] })
  const sample = compileDecoder(configuration).decode(frame)
  const doubt = { code: 'ZERO', pmu: evil, channels: [evil], message: `${evil} is zero`, hint: 'look' } as const

  it.each<[string, readonly string[]]>([
    ['a configuration', configurationLines(configuration, style)],
    ['a sample', sampleLines(sample, configuration, style)],
    ['a sample on one line', [sampleLine(sample, configuration)]],
    ['a step of the dialogue', [stepLine({ atMs: 0, kind: 'received', text: evil })]],
    ['a doubt', doubtLines([doubt], style, true)],
  ])('do nothing in %s', (_what, lines) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    for (const line of lines) expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/)
    expect(lines.join()).toContain('\ufffd[2J')
  })
})
