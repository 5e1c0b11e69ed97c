import { describe, expect, it } from 'vitest'
import { runCli, startCli } from '../support/cli.ts'

const verbs = ['demo', 'connect', 'run', 'check', 'tap', 'decode', 'replay', 'simulate']

describe('phasorbus', () => {
  it('prints its version', async () => {
    expect(await runCli(['--version'])).toMatchObject({ exitCode: 0, stdout: '0.1.0\n' })
  })

  it('lists every verb in its help', async () => {
    const { exitCode, stdout } = await runCli(['--help'])
    expect(exitCode).toBe(0)
    expect(verbs.filter((verb) => !new RegExp(`^  ${verb} `, 'm').test(stdout))).toEqual([])
  })

  it.each(verbs)('teaches %s with examples', async (verb) => {
    const { exitCode, stdout } = await runCli([verb, '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(new RegExp(`Usage: phasorbus ${verb}`))
    expect(stdout).toMatch(new RegExp(`Examples?:[\\s\\S]*phasorbus ${verb}`))
  })

  it.each(['query', 'export'])('says how %s gets the token that an API wants', async (verb) => {
    const { stdout } = await runCli([verb, '--help'])
    expect(stdout).toMatch(/--token <token> /)
    expect(stdout).toMatch(/Where the API wants a token, .* PHASORBUS_TOKEN/)
  })

  it('gives the same help for `help VERB`', async () => {
    const [asked, option] = await Promise.all([runCli(['help', 'check']), runCli(['check', '--help'])])
    expect(asked.stdout).toBe(option.stdout)
  })

  it('explains its exit codes', async () => {
    const { exitCode, stdout } = await runCli(['help', 'exit-codes'])
    expect(exitCode).toBe(0)
    expect(stdout.match(/^ +(\d+) /gm)?.map(Number)).toEqual([0, 1, 2, 3, 130])
  })

  it('lists every key of grid.yaml', async () => {
    const { exitCode, stdout } = await runCli(['help', 'configuration'])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/^sites\[\]\.pmus\[\]\.idcode\n {4}\S.*\n {4}\(whole number; required\)$/m)
  })

  it.each([
    ['no verb', []],
    ['an unknown verb', ['chek']],
    ['an unknown option', ['check', '--jsn', 'grid.yaml']],
  ])('refuses %s with exit code 2 and without a stack', async (_case, args) => {
    const { exitCode, stdout, stderr } = await runCli(args)
    expect(exitCode).toBe(2)
    expect(stdout).toBe('')
    expect(stderr).not.toMatch(/^ +at /m)
  })

  it('says what is wrong, what was meant, and where help is, in one form', async () => {
    expect((await runCli(['check', '--jsn', 'grid.yaml'])).stderr).toBe(
      "phasorbus: unknown option '--jsn'\n  did you mean --json?\n  phasorbus check --help shows how it is meant, with examples\n",
    )
  })

  it('refuses help on what there is no help on', async () => {
    const { exitCode, stdout, stderr } = await runCli(['help', 'chek'])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toMatch(/^phasorbus: there is no help on chek\n {2}did you mean check\?/)
  })

  it.each([
    ['0', 'replay'],
    ['25d', 'simulate'],
    ['soon', 'demo'],
  ])('refuses --for %s and says what it may be', async (time, verb) => {
    const { exitCode, stderr } = await runCli([verb, '--for', time, ...(verb === 'replay' ? ['x'] : [])])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(/--for.*at most 24 days, such as 500ms, 10s/)
  })

  it('suggests the verb that was meant', async () => {
    expect((await runCli(['chek'])).stderr).toContain('check')
  })

  it('ends quietly when nobody reads its output any more', async () => {
    const cli = startCli(['check', '--schema'])
    cli.child.stdout.destroy()
    expect(await cli.ended).toMatchObject({ exitCode: 0, stderr: '' })
  })
})
