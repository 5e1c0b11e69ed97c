import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectGrid, loadGrid } from '../../src/config/load-grid.ts'
import { ConfigError, formatProblem } from '../../src/config/problem.ts'

const problemsOf = async (text: string, runs?: () => boolean): Promise<string[]> => {
  const { problems } = await inspectGrid('grid.yaml', { text, ...(runs && { runs }) })
  return problems.map((problem) => formatProblem(problem).replace(/^grid\.yaml:/, ''))
}

/** A grid whose one site has these lines, indented by hand. */
const siteWith = (lines: string): string => `area: a\nsites:\n  - location: secondary-station/1\n${lines}`

const tenLines = `area: south-italy-113
sites:
  - location: secondary-station/1156
    pmus:
      - id: 765
        idcode: 765
        source: tcp://10.0.0.7:4712
    pdcAdapters:
      - listen: tcp://0.0.0.0:4712
        streams: PMU/765
`

describe('loadGrid', () => {
  it('makes a whole grid of ten lines', async () => {
    const { grid, warnings } = await loadGrid('grid.yaml', { text: tenLines })
    expect(tenLines.trimEnd().split('\n')).toHaveLength(10)
    expect(warnings).toEqual([])
    expect(grid.sites).toMatchObject([
      {
        area: 'south-italy-113',
        locationType: 'secondary-station',
        locationId: '1156',
        nodeId: 'phasorbus',
        broker: { kind: 'embedded' },
        pmus: [
          {
            topic: 'south-italy-113/secondary-station/1156/PMU/765',
            source: { kind: 'tcp', host: '10.0.0.7', port: 4712 },
            session: { idcode: 765 },
            live: { qos: 1, windowMs: 200 },
          },
        ],
        pdcAdapters: [
          {
            id: 'pdc-adapter-1',
            streams: ['south-italy-113/secondary-station/1156/PMU/765'],
            server: { listen: [{ kind: 'tcp', host: '0.0.0.0', port: 4712 }] },
          },
        ],
      },
    ])
  })

  it('records what PMUs send unless it is told not to, each node in a folder of its own', async () => {
    const text = `area: a
journal: { writeDelayMs: 0 }
sites:
  - { location: s/1 }
  - { location: s/1, node: standby, journal: { maxAgeDays: 1 } }
  - { location: s/2, journal: false }
`
    const [first, standby, silent] = (await loadGrid('/etc/grid.yaml', { text })).grid.sites
    expect(first?.journal).toMatchObject({
      folder: '/etc/phasorbus-state/a/s/1/phasorbus/journal',
      writeDelayMs: 0,
      syncDelayMs: 100,
    })
    expect(standby?.journal).toMatchObject({
      folder: '/etc/phasorbus-state/a/s/1/standby/journal',
      writeDelayMs: 10,
      maxAgeDays: 1,
    })
    expect(silent).toMatchObject({ stateFolder: '/etc/phasorbus-state/a/s/2/phasorbus' })
    expect(silent?.journal).toBeUndefined()
  })

  it.each([
    ['beside the file', '', undefined, '/etc/phasorbus-state/a/s/1/phasorbus'],
    ['where the process was told', '', '/var/lib/phasorbus', '/var/lib/phasorbus/a/s/1/phasorbus'],
    ['where the file says', 'state: kept', '/var/lib/phasorbus', '/etc/kept/a/s/1/phasorbus'],
  ])('keeps state %s', async (_where, line, stateFolder, expected) => {
    const text = `area: a\n${line}\nsites: [{ location: s/1 }]\n`
    const { grid } = await loadGrid('/etc/grid.yaml', { text, stateFolder })
    expect(grid.sites[0]?.stateFolder).toBe(expected)
  })

  it('refuses a session at a broker that keeps none', async () => {
    const adapter = '    pdcAdapters: [{ listen: tcp://127.0.0.1:1, streams: +/+/+/PMU/#, recovery: session }]'
    expect((await problemsOf(siteWith(adapter))).join('\n')).toMatch(/4:\d+.*the embedded broker keeps no sessions/)
    expect((await problemsOf(`broker: mqtt://b\n${siteWith(adapter)}`)).join('\n')).not.toMatch(/sessions/)
  })

  it('heals the gaps of a PDC, live frames first, unless it is told otherwise', async () => {
    const text = siteWith(`    pmus: [{ id: 1, idcode: 1, source: tcp://h }]
    pdcAdapters:
      - { listen: tcp://127.0.0.1:1 }
      - { listen: tcp://127.0.0.1:2, recovery: none, late: { policy: in-order, maxWaitMs: 500 } }
`)
    const [site] = (await loadGrid('grid.yaml', { text })).grid.sites
    expect(site?.pdcAdapters).toMatchObject([
      { recovery: { mode: 'replay' }, late: { policy: 'live-first', rateMultiple: 25 } },
      { recovery: { mode: 'none' }, late: { policy: 'in-order', maxWaitMs: 500 } },
    ])
  })

  it('takes the one-line diagram of the area, and where PMUs stand on it', async () => {
    const text = `${tenLines.replace('idcode: 765', 'idcode: 765\n        bus: 2')}network: { nominalKv: 20, branches: [[1, 2], [2, feeder-3]] }\n`
    const { grid } = await loadGrid('grid.yaml', { text })
    expect(grid.network).toEqual({
      nominalKv: 20,
      branches: [
        ['1', '2'],
        ['2', 'feeder-3'],
      ],
    })
    expect(grid.sites[0]!.pmus[0]!.bus).toBe('2')
  })

  it('lets sites share the broker of the grid, and override what it says for all', async () => {
    const { grid } = await loadGrid('grid.yaml', {
      text: `area: a
broker: [mqtt://near:1883, mqtts://far]
live: { windowMs: 100 }
sites:
  - location: s/1
    pmus:
      - { id: 1, idcode: 1, source: tcp://h, live: { qos: 0 } }
  - location: s/2
    area: b
  - location: s/3
    broker: { url: mqtt://own, keepaliveS: 1 }
`,
    })
    const [first, second, third] = grid.sites
    expect(first?.broker).toMatchObject({ servers: [{ url: 'mqtt://near:1883' }, { url: 'mqtts://far' }] })
    expect(second?.broker).toBe(first?.broker)
    expect(second?.area).toBe('b')
    expect(third?.broker).toMatchObject({ servers: [{ url: 'mqtt://own', keepaliveS: 1 }] })
    expect(first?.pmus[0]?.live).toEqual({ qos: 0, windowMs: 100 })
  })

  it('throws one error that has every problem', async () => {
    const text = tenLines.replace('idcode', 'idocde').replace('0.0.0.0:4712', '0.0.0.0:99999')
    const error = await loadGrid('grid.yaml', { text }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).facts).toMatchObject({
      code: 'CONFIG_INVALID',
      problems: [
        { line: 6, column: 9 },
        { line: 9, column: 17 },
      ],
    })
  })

  it('says when the file cannot be read', async () => {
    const error = await loadGrid('/nowhere/grid.yaml').catch((thrown: unknown) => thrown)
    expect((error as ConfigError).facts).toEqual({ code: 'CONFIG_UNREADABLE', file: '/nowhere/grid.yaml' })
  })
})

describe('the schema', () => {
  it.each([
    ['an empty file', '', ['1:1: error: the file is empty; docs/configuration.md has ten lines to begin with']],
    ['a list', '- a\n', ['1:1: error: the file must be a mapping (key: value), not a list']],
    ['a missing area', 'sites: [{ location: s/1 }]\n', ['1:1: error: `area` is missing']],
    [
      'no site',
      'area: a\n',
      ['1:1: error: there is no site; add one under `sites:`, or `include:` files that have one'],
    ],
    ['an unknown key', `${tenLines}metric: {}\n`, ['11:1: error: unknown key `metric`; did you mean `metrics`?']],
    [
      'a missing key and its misspelling as one',
      tenLines.replace('source', 'sorce'),
      ['7:9: error: unknown key `sorce`; did you mean `source`?'],
    ],
    [
      'another way to write a key',
      tenLines.replace('pdcAdapters', 'pdc-adapters'),
      ['8:5: error: unknown key `pdc-adapters`; did you mean `pdcAdapters`?'],
    ],
    [
      'a duplicate key, and the rest of the file too',
      tenLines.replace('idcode: 765', 'idcode: 0\n        idcode: 70000'),
      [
        '7:9: error: this key stands here twice; keep one of them',
        '7:17: error: `idcode` must be at most 65534, not 70000',
      ],
    ],
    [
      'a topic level that breaks brokers',
      tenLines.replace('south-italy-113', 'south.italy'),
      ['1:7: error: `south.italy` cannot be a topic level; use 1 to 64 of A-Z a-z 0-9 _ -'],
    ],
    [
      'a word that is not one of the choices',
      siteWith('    pmus:\n      - { id: 1, idcode: 1, source: tcp://h, ask: [config3] }\n'),
      ['5:52: error: `config3` is not known here; did you mean `config-3`?'],
    ],
    [
      'a number that is not one of the choices',
      `${tenLines}live: { qos: 2 }\n`,
      ['11:14: error: `2` is not known here; one of `0`, `1`'],
    ],
    [
      'a key of another kind of source',
      siteWith('    pmus:\n      - { id: 1, idcode: 1, source: { kind: tcp, host: h, prot: 1 } }\n'),
      ['5:59: error: unknown key `prot`; did you mean `port`?'],
    ],
    [
      'a key without a value',
      'area: a\nsites:\n',
      ['2:1: error: `sites` has no value; give it a list, or leave the key out'],
    ],
    [
      'a broker nobody speaks to',
      'area: a\nbroker: embeded\nsites: [{ location: s/1 }]\n',
      ['2:9: error: no broker URL; write mqtt://HOST:1883, or `embedded` for the one that comes with phasorbus'],
    ],
    [
      'a broker with a password but no user',
      'area: a\nbroker: { url: mqtt://b, password: x }\nsites: [{ location: s/1 }]\n',
      ['2:9: error: a password needs a username'],
    ],
    [
      'a cluster without a node',
      'area: a\nbroker: { url: [] }\nsites: [{ location: s/1 }]\n',
      ['2:16: error: `url` is empty'],
    ],
    [
      'a broker that stands in its list twice',
      'area: a\nbroker: [mqtt://b, mqtt://c, mqtt://b]\nsites: [{ location: s/1 }]\n',
      ['2:30: error: mqtt://b stands in this list already; name each broker once'],
    ],
    [
      'a journal that is told to be there, and one that keeps nothing',
      'area: a\njournal: true\nsites: [{ location: s/1, journal: { maxAgeDays: 0 } }]\n',
      [
        '2:10: error: no settings of a journal; write `false` or a mapping, or leave the key out',
        '3:49: error: `maxAgeDays` must be more than 0, not 0',
      ],
    ],
    ['a tab', 'area: a\nsites:\n\t- location: s/1\n', ['3:1: error: a tab is used to indent; YAML takes spaces only']],
  ])('names %s by line, with the fix', async (_case, text, expected) => {
    expect(await problemsOf(text)).toEqual(expected)
  })
})

describe('what no schema can say', () => {
  it.each([
    [
      'an id that YAML reads as another',
      tenLines.replace('id: 765', 'id: 0765'),
      ["5:13: error: `0765` is read as the number 765; write '0765' in quotes to keep the name as it is"],
    ],
    [
      'a PMU id that is taken',
      siteWith(`    pmus:
      - { id: 1, idcode: 1, source: tcp://h }
      - { id: 1, idcode: 2, source: tcp://i }
`),
      ['6:15: error: PMU 1 stands at grid.yaml:5 already; give one of them another id'],
    ],
    [
      'a site that stands there twice',
      'area: a\nsites:\n  - location: s/1\n  - location: s/1\n',
      ['4:15: error: this site stands at grid.yaml:3 already; join the two, or give one another `node`'],
    ],
    [
      'a stream that nobody produces',
      tenLines.replace('PMU/765', 'PMU/756'),
      [
        '10:18: error: there is no stream `south-italy-113/secondary-station/1156/PMU/756`; did you mean `south-italy-113/secondary-station/1156/PMU/765`?',
      ],
    ],
    [
      'a filter that takes nothing, as a doubt',
      tenLines.replace('PMU/765', 'elsewhere/#'),
      ['10:18: warning: `elsewhere/#` takes no stream of this grid; fine if its producer is described elsewhere'],
    ],
    [
      'IDCODEs that collide on a port, through a filter',
      siteWith(`    pmus:
      - { id: 1, idcode: 7, source: tcp://h }
      - { id: 2, idcode: 7, source: tcp://i }
    pdcAdapters:
      - listen: tcp://127.0.0.1:4712
        streams: [PMU/1, 'a/+/+/PMU/#']
`),
      [
        '9:26: error: a/secondary-station/1/PMU/1 and a/secondary-station/1/PMU/2 both have IDCODE 7: a PDC on this port cannot tell them apart; serve one of them from another PDC-adapter',
      ],
    ],
    [
      'a port that is used twice',
      siteWith(`    pdcAdapters:
      - { listen: 'tcp://0.0.0.0:4712', streams: 'b/#' }
      - { listen: 'tcp://127.0.0.1:4712', streams: 'b/#' }
      - { listen: 'udp://127.0.0.1:4712', streams: 'b/#' }
`),
      [
        '5:50: warning: `b/#` takes no stream of this grid; fine if its producer is described elsewhere',
        '6:19: error: TCP 127.0.0.1:4712 is used at grid.yaml:5 already; choose another port',
        '6:52: warning: `b/#` takes no stream of this grid; fine if its producer is described elsewhere',
        '7:52: warning: `b/#` takes no stream of this grid; fine if its producer is described elsewhere',
      ],
    ],
    [
      'a port that the embedded broker has',
      tenLines.replace('0.0.0.0:4712', '0.0.0.0:1883'),
      ['9:17: error: TCP 0.0.0.0:1883 is used at grid.yaml:1 already; choose another port'],
    ],
    [
      'a PMU at a bus that no branch of the network has',
      `${tenLines.replace('idcode: 765', 'idcode: 765\n        bus: 4')}network: { nominalKv: 20, branches: [[1, 2], [2, feeder-3]] }\n`,
      ['7:14: error: no branch of `network` has the bus 4; add a branch to it'],
    ],
    [
      'a PMU at a bus where there is no network',
      tenLines.replace('idcode: 765', 'idcode: 765\n        bus: 4'),
      [
        '7:14: error: there is no `network` that has the bus 4; add `network: { branches: [[1, 2], …] }` to the grid file',
      ],
    ],
    [
      'a file that is not there',
      tenLines.replace('idcode: 765', 'idcode: 765\n        savedConfiguration: /nowhere/765.cfg2'),
      ['7:29: error: there is no file /nowhere/765.cfg2; paths are relative to the file that names them'],
    ],
  ])('finds %s', async (_case, text, expected) => {
    expect(await problemsOf(text)).toEqual(expected)
  })

  it('takes a port used by two sites as a doubt, unless they are about to run together', async () => {
    const text = `area: a
sites:
  - location: s/1
    pmus: [{ id: 1, idcode: 1, source: tcp://h }]
    pdcAdapters: [{ listen: 'tcp://0.0.0.0:4712' }]
  - location: s/2
    pmus: [{ id: 2, idcode: 2, source: tcp://h }]
    pdcAdapters: [{ listen: 'tcp://0.0.0.0:4712' }]
`
    expect(await problemsOf(text)).toEqual([expect.stringMatching(/^8:\d+: warning: TCP 0.0.0.0:4712 .* by site s\/1/)])
    expect(await problemsOf(text, () => true)).toEqual([expect.stringMatching(/^8:\d+: error: TCP 0.0.0.0:4712/)])
  })

  it('lets devices send to one port, as long as they can be told apart', async () => {
    const grid = (first: string, second: string): string =>
      siteWith(`    pmus:\n      - { id: 1, ${first} }\n      - { id: 2, ${second} }\n`)
    const source = "source: 'udp-spontaneous://0.0.0.0:4713"
    expect(await problemsOf(grid(`idcode: 1, ${source}'`, `idcode: 2, ${source}'`))).toEqual([])
    expect(
      await problemsOf(grid(`idcode: 1, ${source}?from=10.0.0.1'`, `idcode: 1, ${source}?from=10.0.0.2'`)),
    ).toEqual([])
    expect(await problemsOf(grid(`idcode: 1, ${source}'`, `idcode: 1, ${source}?from=10.0.0.2'`))).toEqual([
      '6:37: error: PMU 1 has the same IDCODE on udp 0.0.0.0:4713, and nothing tells the two apart; add ?from=ADDRESS to both, or use two ports',
    ])
    expect(await problemsOf(grid('idcode: 1, source: tcp://h', 'idcode: 1, source: tcp://h'))).toEqual([
      '6:37: warning: PMU 1 is read from tcp h:4712 with the same IDCODE; is it the same device?',
    ])
  })

  it('allows two adapters of one PMU, which must agree on its IDCODE', async () => {
    const text = `area: a
sites:
  - { location: s/1, node: left, pmus: [{ id: 1, idcode: 1, source: 'tcp://h' }] }
  - { location: s/1, node: right, pmus: [{ id: 1, idcode: 1, source: 'tcp://h' }] }
`
    expect(await problemsOf(text)).toEqual([])
    expect(
      await problemsOf(text.replace('right, pmus: [{ id: 1, idcode: 1', 'right, pmus: [{ id: 1, idcode: 2')),
    ).toEqual([expect.stringMatching(/^4:\d+: error: a\/s\/1\/PMU\/1 has IDCODE 1 at grid.yaml:3/)])
  })
})

describe('include', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'phasorbus-include-'))
    const files = {
      'grid.yaml': 'area: a\ninclude: [sites/*.yaml]\nsites: [{ location: s/0 }]\n',
      'sites/1.yaml': 'location: s/1\npmus: [{ id: 1, idcode: 1, source: tcp://h, savedConfiguration: 1.cfg2 }]\n',
      'sites/1.cfg2': '',
      'sites/2.yaml': 'location: s/2\n---\nlocation: s/3\n',
      'sites/.hidden.yaml': 'nonsense',
      'missing.yaml': 'area: a\ninclude: nowhere/*.yaml\n',
      'bad.yaml': 'area: a\ninclude: bad-site.yaml\n',
      'bad-site.yaml': 'location: s/1\npmus:\n  - { id: 1, idcode: 0, source: tcp://h }\n',
    }
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('reads the sites of every file that matches, in order', async () => {
    const { grid } = await loadGrid(join(folder, 'grid.yaml'))
    expect(grid.sites.map(({ locationId }) => locationId)).toEqual(['0', '1', '2', '3'])
  })

  it('finds files beside the file that names them', async () => {
    const { grid } = await loadGrid(join(folder, 'grid.yaml'))
    expect(grid.sites[1]?.pmus[0]?.session.savedConfiguration).toBe(join(folder, 'sites/1.cfg2'))
  })

  it('says when nothing matches', async () => {
    const { problems } = await inspectGrid(join(folder, 'missing.yaml'))
    expect(problems[0]).toMatchObject({
      line: 2,
      column: 10,
      path: 'include',
      message: '`nowhere/*.yaml` matches no file',
    })
  })

  it('names the file in which the mistake is', async () => {
    const { problems } = await inspectGrid(join(folder, 'bad.yaml'))
    expect(problems).toMatchObject([
      { file: join(folder, 'bad-site.yaml'), line: 3, column: 22, path: 'pmus[0].idcode' },
    ])
  })
})
