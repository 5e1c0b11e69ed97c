import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/cli.ts'
import { oddKeys } from '../support/snake-case.ts'

const good = `area: a
sites:
  - location: secondary-station/1
    pmus:
      - { id: 7, idcode: 7, source: tcp://10.0.0.7 }
`
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'phasorbus-check-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('phasorbus check', () => {
  it('says what a good file describes', async () => {
    await writeFile(join(folder, 'grid.yaml'), good)
    expect(await runCli(['check', 'grid.yaml'], { cwd: folder })).toMatchObject({
      exitCode: 0,
      stdout: 'grid.yaml: good; 1 site, 1 PMU\n',
      stderr: '',
    })
  })

  it('prints every problem by line and ends with 2', async () => {
    const { exitCode, stdout } = await runCli(['check', '-'], {
      stdin: `${good.replace('idcode', 'idocde')}brokr: x\n`,
    })
    expect(exitCode).toBe(2)
    expect(stdout.split('\n')).toEqual([
      '<stdin>:5:18: error: unknown key `idocde`; did you mean `idcode`?',
      '<stdin>:6:1: error: unknown key `brokr`; did you mean `broker`?',
      '2 errors',
      '',
    ])
  })

  it('gives the same to a program', async () => {
    const { exitCode, stdout } = await runCli(['check', '--json', '-'], { stdin: `${good}brokr: x\n` })
    expect(exitCode).toBe(2)
    const report = JSON.parse(stdout)
    expect(oddKeys(report)).toEqual([])
    expect(report).toMatchObject({
      ok: false,
      pdc_adapters: 0,
      problems: [
        { file: '<stdin>', line: 6, column: 1, severity: 'error', path: 'brokr', fix: 'did you mean `broker`?' },
      ],
    })
  })

  it('names a file that is not there, and ends with 2', async () => {
    const { exitCode, stdout, stderr } = await runCli(['check', 'nowhere.yaml'], { cwd: folder })
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toBe('phasorbus: cannot read nowhere.yaml: there is no such file\n')
  })

  it('does not print what a file of another kind holds', async () => {
    await writeFile(join(folder, 'site.pcap'), Uint8Array.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0x1b, 0x5b]))
    await writeFile(join(folder, 'prose.txt'), 'how phasors are measured '.repeat(1000))
    const [binary, prose] = await Promise.all(
      ['site.pcap', 'prose.txt'].map((file) => runCli(['check', file], { cwd: folder })),
    )
    expect(binary).toMatchObject({
      exitCode: 2,
      stdout: 'site.pcap:1:1: error: the file is not text; a grid file is YAML\n1 error\n',
    })
    expect(prose!.stdout.length).toBeLessThan(300)
  })

  it('prints the JSON Schema for editors', async () => {
    const { exitCode, stdout } = await runCli(['check', '--schema'])
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ $schema: expect.stringContaining('draft-07'), type: 'object' })
  })
})
