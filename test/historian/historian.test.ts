import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Kind, type Store, type StoredFrame, storedFrames } from '../../src/historian/index.ts'
import { accountedFor } from '../../src/streams/index.ts'
import { testDeps } from '../support/deps.ts'
import { historianOn } from '../support/historian-on.ts'
import { JournaledStreams, type TestStream } from '../support/journaled-streams.ts'
import { until } from '../support/until.ts'

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'phasorbus-historian-'))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

async function stored(store: Store, { topic }: TestStream): Promise<readonly StoredFrame[]> {
  const found = []
  if (store.find(topic) === undefined) return []
  for await (const frame of storedFrames(store, topic, { fromUs: 0, toUs: Number.POSITIVE_INFINITY })) found.push(frame)
  return found
}

const framesOf = (stream: TestStream, from: number, to: number): Buffer =>
  Buffer.concat(Array.from({ length: to - from }, (_, n) => stream.frame(from + n)))
const bytesOf = (found: readonly StoredFrame[]): Buffer => Buffer.concat(found.map(({ frame }) => frame))

describe('a historian', () => {
  it('stores every frame once, and what it missed from the journals; over a restart, too', async () => {
    const path = await folder()
    await using brokerDeps = testDeps()
    const line = await JournaledStreams.start(brokerDeps)
    const pmu = line.stream(1).carriedBy('one')
    {
      await using deps = testDeps()
      const historian = await historianOn(deps, line, path)
      await until(() => historian.store.topics.length === 1)
      pmu.live(0, 100)
      pmu.live(150, 200)
      pmu.journaled(0, 200)
      line.accounts = () => historian.accounts()
      await until(() => historian.accounts().get(pmu.topic)?.late === 50)
      // Now: a second after its last frame, a stream begins to lack some.
      expect(pmu.account).toMatchObject({ live: 150, late: 50, pending: 0 })
      await historian.flush()
      expect(bytesOf(await stored(historian.store, pmu))).toEqual(framesOf(pmu, 0, 200))
    }
    await using deps = testDeps()
    const historian = await historianOn(deps, line, path)
    pmu.live(300, 400)
    pmu.journaled(200, 400)
    await until(() => historian.accounts().get(pmu.topic)?.late === 150)
    const account = historian.accounts().get(pmu.topic)!
    await historian.flush()
    const found = await stored(historian.store, pmu)
    expect(bytesOf(found)).toEqual(framesOf(pmu, 0, 400))
    expect(account).toMatchObject({ live: 250, late: 150, pending: 0, duplicates: 0 })
    expect(accountedFor(account)).toBe(account.expected)
    expect(found.filter(({ kind }) => kind === Kind.late)).toHaveLength(150)
  })
})
