import { describe, expect, it } from 'vitest'
import { knownPmus } from '../../src/cli/grid/known-pmus.ts'
import { inspectGrid, loadGrid } from '../../src/config/load-grid.ts'
import { formatProblem } from '../../src/config/problem.ts'

const problemsOf = async (text: string): Promise<string[]> => {
  const { problems } = await inspectGrid('grid.yaml', { text, knownPmus: knownPmus() })
  return problems.map((problem) => formatProblem(problem).replace(/^grid\.yaml:/, ''))
}

/** One site with two PMUs, and these lines of a PDC. */
const withPdc = (lines: string, more = ''): string => `area: a
sites:
  - location: station/1
    pmus:
      - { id: 1, idcode: 1, source: tcp://10.0.0.1 }
      - { id: 2, idcode: 2, source: tcp://10.0.0.2 }
    pdcs:
${lines}${more}`

describe('a PDC in a grid file', () => {
  it('takes all PMUs of its site, waits for 100 ms and publishes, unless it is told otherwise', async () => {
    const { grid, warnings } = await loadGrid('grid.yaml', {
      text: withPdc('      - outputs: [{ id: 1, idcode: 100, dataRate: 50 }]\n'),
    })
    expect(warnings).toEqual([])
    expect(grid.sites[0]!.pdcs).toMatchObject([
      {
        id: 'pdc-1',
        inputs: [{ streams: 'a/station/1/PMU/#', rules: {} }],
        recovery: { mode: 'replay' },
        outputs: [
          {
            id: '1',
            topic: 'a/station/1/PDC/1',
            idcode: 100,
            dataRate: 50,
            timeBase: 1_000_000,
            wait: { policy: 'absolute', ms: 100 },
            up: 'interpolate',
            live: { qos: 1, windowMs: 200 },
            server: undefined,
          },
        ],
      },
    ])
  })

  it('chooses and renames PMUs of its inputs, and reads devices itself', async () => {
    const { grid } = await loadGrid('grid.yaml', {
      text: withPdc(
        `      - inputs:
          - { streams: b/station/2/PDC/1, only: [7, Mill Lane], rename: { block: 7, idcode: 70 } }
          - PMU/1
          - { id: relay, idcode: 9, source: tcp://10.0.0.9, drop: spare }
        outputs:
          - { id: 1, idcode: 100, dataRate: 50, publish: false, listen: tcp://127.0.0.1:4713, wait: 250 }
`.replace('rename: { block: 7, idcode: 70 }', 'rename: [{ block: 7, idcode: 70 }]'),
      ),
    })
    expect(grid.sites[0]!.pdcs[0]).toMatchObject({
      inputs: [
        { streams: 'b/station/2/PDC/1', rules: { only: [7, 'Mill Lane'], rename: [{ block: 7, idcode: 70 }] } },
        { streams: 'a/station/1/PMU/1', rules: {} },
        { id: 'relay', source: { kind: 'tcp', host: '10.0.0.9' }, session: { idcode: 9 }, rules: { drop: ['spare'] } },
      ],
      outputs: [
        {
          topic: undefined,
          wait: { policy: 'absolute', ms: 250 },
          server: { listen: [{ kind: 'tcp', host: '127.0.0.1', port: 4713 }] },
        },
      ],
    })
  })

  it.each([
    [
      'an output that goes nowhere',
      '      - outputs: [{ id: 1, idcode: 100, dataRate: 50, publish: false }]\n',
      /it goes nowhere: publish it/,
    ],
    ['a wait of more than a minute', '      - outputs: [{ id: 1, idcode: 100, dataRate: 50, wait: 60001 }]\n', /wait/],
    [
      'an instant that the filter does not know yet',
      '      - outputs: [{ id: 1, idcode: 100, dataRate: 10, down: filter }]\n',
      /the filter knows an instant 740 ms after it, the output waits for 100 ms.*wait for 740 ms/s,
    ],
    [
      'two outputs of one name',
      '      - outputs: [{ id: 1, idcode: 100, dataRate: 50 }, { id: 1, idcode: 101, dataRate: 50 }]\n',
      /PDC 1 stands at grid\.yaml:\d+ already/,
    ],
    [
      'two that keep their state under one name',
      `      - { id: x, outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }
    pdcAdapters:
      - { id: x, listen: tcp://127.0.0.1:4712 }
`,
      /a PDC, PDC-adapter or historian x stands in this site already/,
    ],
    [
      'a port used twice',
      `      - outputs: [{ id: 1, idcode: 100, dataRate: 50, listen: tcp://127.0.0.1:4712 }]
    pdcAdapters:
      - { listen: tcp://127.0.0.1:4712 }
`,
      /TCP 127\.0\.0\.1:4712 is used at/,
    ],
    [
      'two devices of one name',
      '      - { inputs: [{ id: x, idcode: 8, source: tcp://10.0.0.8 }, { id: x, idcode: 9, source: tcp://10.0.0.9 }], outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }\n',
      /an input x stands in this PDC already/,
    ],
    [
      'two outputs of one name that are served only',
      '      - outputs: [{ id: 1, idcode: 100, dataRate: 50, publish: false, listen: tcp://127.0.0.1:1 }, { id: 1, idcode: 101, dataRate: 50, publish: false, listen: tcp://127.0.0.1:2 }]\n',
      /an output 1 stands in this PDC already/,
    ],
    [
      'a TIME_BASE that cannot tell its instants apart',
      '      - outputs: [{ id: 1, idcode: 100, dataRate: 50, timeBase: 25 }]\n',
      /TIME_BASE cannot tell so many instants of a second apart/,
    ],
    [
      'a name that CFG-2 cannot hold',
      '      - { inputs: { streams: PMU/1, rename: [{ block: 1, stn: Umspannwerk Nordwest }] }, outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }\n',
      /STN has 16 bytes at most/,
    ],
    [
      'two simulated PMUs of one IDCODE',
      "      - { inputs: [{ id: x, idcode: 8, source: 'simulated:5' }, { id: y, idcode: 8, source: 'simulated:6' }], outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }\n",
      /the simulated PMU at .* has IDCODE 8 already/,
    ],
    [
      'an input that nobody sends',
      '      - { inputs: PMU/9, outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }\n',
      /takes no stream/,
    ],
  ])('has what is wrong with it said: %s', async (_what, lines, message) => {
    expect((await problemsOf(withPdc(lines))).join('\n')).toMatch(message)
  })

  it('does not feed itself, nor by way of another', async () => {
    const two = withPdc(`      - { id: one, inputs: a/+/+/PDC/#, outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }
      - { id: two, inputs: PDC/1, outputs: [{ id: 2, idcode: 200, dataRate: 50 }] }
`)
    expect((await problemsOf(two)).join('\n')).toMatch(/it would hear itself, by way of a\/station\/1\/PDC\/1/)
    // Its own output under its own filter is none of its inputs.
    const one = withPdc('      - { inputs: a/+/+/#, outputs: [{ id: 1, idcode: 100, dataRate: 50 }] }\n')
    expect(await problemsOf(one)).toEqual([])
  })

  it('is refused a data frame that no frame can hold, with the way out; over UDP a little sooner', async () => {
    const many = (count: number, listen: string): string =>
      JSON.stringify({
        area: 'a',
        sites: [
          {
            location: 'station/1',
            pmus: Array.from({ length: count }, (_, n) => ({ id: n, idcode: n + 1, source: 'simulated:2' })),
            pdcs: [{ outputs: [{ id: 1, idcode: 65_000, dataRate: 50, numbers: 'int16', listen }] }],
          },
        ],
      })
    const sizeOf = async (count: number, listen: string): Promise<string> =>
      (await problemsOf(many(count, listen))).join('\n')
    const [, bytes] = /would take (\d+) bytes/.exec(await sizeOf(3000, 'tcp://127.0.0.1:4712')) ?? []
    const each = (Number(bytes) - 16) / 3000
    expect(Number.isInteger(each)).toBe(true)
    const most = Math.floor((65_535 - 16) / each)
    expect(await sizeOf(most, 'tcp://127.0.0.1:4712')).toBe('')
    expect(await sizeOf(most + 1, 'tcp://127.0.0.1:4712')).toMatch(/a frame has 65535 at most.*several outputs/s)
    const mostOverUdp = Math.floor((65_507 - 16) / each)
    expect(await sizeOf(mostOverUdp, 'udp://127.0.0.1:4713')).toBe('')
    expect(await sizeOf(mostOverUdp + 1, 'udp://127.0.0.1:4713')).toMatch(/a datagram has 65507 at most/)
  })
})
