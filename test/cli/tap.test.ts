import { describe, expect, it } from 'vitest'
import { freePort } from '../../bench/support/free-port.ts'
import { runCli } from '../support/cli.ts'

describe('phasorbus tap', () => {
  it('says when there is no broker', async () => {
    const port = await freePort()
    const { exitCode, stdout, stderr } = await runCli(['tap', '#', '--broker', `mqtt://127.0.0.1:${port}`])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr).toMatch(
      new RegExp(`^phasorbus: mqtt://127\\.0\\.0\\.1:${port} cannot be reached: .*\n {2}check --broker`),
    )
  })

  it.each([
    ['a topic that no broker takes alike', ['south.italy/#'], /A-Z a-z 0-9/],
    ['a filter that is none', ['a/#/b'], /# may only be the last level/],
    ['a topic where no stream can be', ['north/PMU/1'], /has 5 levels, this has 3/],
    ['a broker that nobody speaks to', ['#', '--broker', 'http://x'], /mqtt:\/\//],
    ['a password in the URL', ['#', '--broker', 'mqtt://user:secret@x'], /passwordFile/],
  ])('refuses %s with exit code 2', async (_case, args, message) => {
    const { exitCode, stderr } = await runCli(['tap', ...args])
    expect(exitCode).toBe(2)
    expect(stderr).toMatch(message)
  })
})
