import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecoveryError, type RecoveryFault, ReplayClient } from '../../src/recovery/index.ts'
import {
  cutParts,
  encodeReplayEnd,
  encodeReplayRefusal,
  parseReplayRequest,
  type ReplayEnd,
  type ReplayRequest,
  replayRequestOf,
  replyTopic,
} from '../../src/streams/index.ts'
import { MemoryBroker, type Published } from '../support/memory-bus.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const stream = 'area/secondary-station/1156/PMU/765'
const configuration = smallPmu()
const frame = frameWriter(configuration)
const frames = [configurationFrames(configuration)[0]!, ...Array.from({ length: 1000 }, (_, n) => frame(n))]
const query = { fromUs: 0, toUs: 2_000_000_000_000_000, maxBytes: 65_536 }
const never = new AbortController().signal

describe('a pull', () => {
  it('is one request to one node, and its answer', async () => {
    const it = consumer((asked) => answer(asked))
    const { frames: got, ...rest } = await it.client.pull(stream, 'node', { ...query, cursor: 'here' }, never)
    expect(got.map(hex)).toEqual(frames.map(hex))
    expect(rest).toEqual({ cursor: undefined, throughUs: 7, absent: [{ fromUs: 1, toUs: 2, verdict: 'expired' }] })
    expect(it.asked).toMatchObject([{ ...query, cursor: 'here', stream, nodeId: 'node' }])
    expect(it.asked[0]!.id).toMatch(/^[0-9a-f]{24}$/)
  })

  it('may begin before all time and end after it', async () => {
    const it = consumer((asked) => answer(asked))
    await it.client.pull(stream, 'node', { fromUs: -10_000.5, toUs: Number.MAX_SAFE_INTEGER, maxBytes: 2 ** 40 }, never)
    expect(it.asked).toMatchObject([{ fromUs: 0, toUs: 2 ** 32 * 1_000_000, maxBytes: 1024 * 1024 }])
  })

  it('is whole in whatever order its messages come, and however often', async () => {
    const scrambled = fc.array(fc.nat(), { minLength: 20, maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(scrambled, fc.nat({ max: 3 }), async (keys, more) => {
        const it = consumer((asked) => {
          const messages = answer(asked)
          const again = messages.filter((_, n) => keys[n]! % (more + 1) > 0)
          return [...messages, ...again]
            .map((message, n) => ({ message, key: keys[n % keys.length]! }))
            .toSorted((a, b) => a.key - b.key)
            .map(({ message }) => message)
        })
        const { frames: got } = await it.client.pull(stream, 'node', query, never)
        expect(got.map(hex)).toEqual(frames.map(hex))
      }),
      { numRuns: 30 },
    )
  })

  it('is told apart from others at the same time', async () => {
    const held: Published[][] = []
    const it = consumer((asked) => {
      held.push(answer(asked, frames.slice(0, asked.sequence + 1)))
      // Answered when all have asked: all their ends, then all their parts, the last one's first.
      return held.length < 5 ? [] : [1, 0].flatMap((n) => held.toReversed().map((messages) => messages[n]!))
    })
    const pulls = Array.from({ length: 5 }, () => it.client.pull(stream, 'node', query, never))
    expect(it.client.pulling).toBe(5)
    const counts = (await Promise.all(pulls)).map(({ frames: got }) => got.length)
    expect(counts).toEqual(it.asked.map(({ sequence }) => sequence + 1))
    expect(it.client.pulling).toBe(0)
  })

  it('hears answers of every node and area over one standing subscription for each area', async () => {
    const it = consumer((asked) => answer(asked))
    for (const [topic, node] of [
      [stream, 'one'],
      [stream, 'two'],
      ['other/secondary-station/1/PMU/2', 'one'],
      [stream, 'one'],
    ] as const) {
      await it.client.pull(topic, node, query, never)
    }
    const id = it.asked[0]!.id
    expect(it.bus.filters).toEqual([`area/reply/+/${id}/#`, `other/reply/+/${id}/#`])
    expect(new Set(it.asked.map(({ sequence }) => sequence)).size).toBe(4)
    it.client.close()
    expect(it.bus.filters).toEqual([])
  })

  describe('is rejected', () => {
    it('in the words of the node that refused', async () => {
      const it = consumer(({ id, sequence, nodeId }) => [
        { topic: replyTopic('area', nodeId, { id, sequence }, 'end'), payload: encodeReplayRefusal('busy', 'later') },
      ])
      expect(await faultOf(it.client.pull(stream, 'node', query, never))).toEqual({
        code: 'RECOVERY_REFUSED',
        stream,
        node: 'node',
        reason: 'busy',
        message: 'later',
      })
    })

    it('at once without a connection', async () => {
      const it = consumer(() => [])
      it.bus.lose()
      expect(await faultOf(it.client.pull(stream, 'node', query, never))).toMatchObject({
        code: 'RECOVERY_NOT_CONNECTED',
      })
      it.bus.restore()
      it.bus.takes = false
      expect(await faultOf(it.client.pull(stream, 'node', query, never))).toMatchObject({
        code: 'RECOVERY_NOT_CONNECTED',
      })
    })

    it('at once when the connection is lost in the midst of its answer, and can be asked again', async () => {
      const it = consumer((asked, n) => (n === 0 ? answer(asked).slice(0, 2) : answer(asked)))
      const pull = faultOf(it.client.pull(stream, 'node', query, never))
      await it.broker.until(() => it.broker.published.length === 3)
      it.bus.lose()
      expect(await pull).toMatchObject({ code: 'RECOVERY_CONNECTION_LOST' })
      it.bus.restore()
      expect((await it.client.pull(stream, 'node', query, never)).frames).toHaveLength(frames.length)
      expect(it.asked[1]!.sequence).not.toBe(it.asked[0]!.sequence)
    })

    it('when nothing comes any more', async () => {
      const it = consumer((asked) => answer(asked).slice(0, 2), 30)
      expect(await faultOf(it.client.pull(stream, 'node', query, never))).toMatchObject({
        code: 'RECOVERY_TIMEOUT',
        waitedMs: 30,
        parts: 2,
      })
    })

    it('with the reason of its signal', async () => {
      const it = consumer(() => [])
      const stop = new AbortController()
      const pull = it.client.pull(stream, 'node', query, stop.signal)
      stop.abort(new Error('enough'))
      await expect(pull).rejects.toThrow('enough')
      await expect(it.client.pull(stream, 'node', query, stop.signal)).rejects.toThrow('enough')
      expect(it.client.pulling).toBe(0)
    })

    it('when the client is closed', async () => {
      const it = consumer(() => [])
      const pull = faultOf(it.client.pull(stream, 'node', query, never))
      it.client.close()
      expect(await pull).toMatchObject({ code: 'RECOVERY_CONNECTION_LOST' })
    })

    it.each<[string, (asked: Asked) => Published[]]>([
      ['of another stream', (asked) => answer(asked, frames, { stream: 'area/a/b/PMU/1' })],
      ['with other sums', (asked) => answer(asked, frames, { frames: 7 })],
      ['with fewer bytes', (asked) => answer(asked, frames, { bytes: 1 })],
      [
        'with a part too many',
        (asked) => [...answer(asked).slice(0, -1), at(asked, 4, frame(1)), answer(asked).at(-1)!],
      ],
      [
        'with a part of no frames',
        (asked) => [at(asked, 0, Uint8Array.of(1)), ending(asked, { parts: 1, bytes: 1, frames: 1 })],
      ],
      ['with a wrong CHK', (asked) => answer(asked, [frames[0]!, corrupt(frame(1))])],
      ['that is no JSON', (asked) => [at(asked, 'end', Uint8Array.of(1))]],
      ['with a part beyond all bounds', (asked) => [at(asked, 1024, frame(1))]],
      [
        'larger than was asked for',
        (asked) => Array.from({ length: 90 }, (_, n) => at(asked, n, new Uint8Array(65_535))),
      ],
    ])('when an answer comes %s', async (_case, reply) => {
      const it = consumer(reply)
      expect(await faultOf(it.client.pull(stream, 'node', query, never))).toMatchObject({ code: 'RECOVERY_BAD_ANSWER' })
    })
  })

  it('does not mind what others publish where it listens', async () => {
    const it = consumer((asked) => {
      const [first] = answer(asked)
      const other = (nodeId: string, sequence: number) => ({
        topic: replyTopic('area', nodeId, { id: asked.id, sequence }, 'end'),
        payload: encodeReplayRefusal('busy', 'not you'),
      })
      return [
        other('another-node', asked.sequence),
        other('node', asked.sequence + 1),
        { topic: `area/reply/node/${asked.id}`, payload: Uint8Array.of(1) },
        { topic: `area/reply/node/${asked.id}/x/0`, payload: Uint8Array.of(1) },
        { topic: `area/reply/node/${asked.id}/${asked.sequence}/0/0`, payload: Uint8Array.of(1) },
        first!,
        ...answer(asked),
      ]
    })
    expect((await it.client.pull(stream, 'node', query, never)).frames).toHaveLength(frames.length)
  })
})

interface Asked extends ReplayRequest {
  readonly stream: string
  readonly nodeId: string
}

/** A client, and a node that answers with what `reply` gives. */
function consumer(reply: (asked: Asked, n: number) => readonly Published[], timeoutMs = 10_000) {
  const broker = new MemoryBroker()
  const asked: Asked[] = []
  const node = broker.connect()
  node.subscribe('+/+/+/+/+/replay/+', (topic, payload) => {
    const request = { ...replayRequestOf(topic)!, ...parseReplayRequest(payload) }
    asked.push(request)
    for (const message of reply(request, asked.length - 1)) broker.deliver(message)
  })
  const bus = broker.connect()
  return { broker, bus, asked, client: new ReplayClient({ bus, timeoutMs }) }
}

const at = ({ stream: topic, nodeId, id, sequence }: Asked, part: number | 'end', payload: Uint8Array): Published => ({
  topic: replyTopic(topic.split('/')[0]!, nodeId, { id, sequence }, part),
  payload,
})

function ending(asked: Asked, sums: Pick<ReplayEnd, 'parts' | 'bytes' | 'frames'> & Partial<ReplayEnd>): Published {
  const absent = [{ fromUs: 1, toUs: 2, verdict: 'expired' as const }]
  return at(asked, 'end', encodeReplayEnd({ stream: asked.stream, cursor: undefined, throughUs: 7, absent, ...sums }))
}

function answer(asked: Asked, content: readonly Uint8Array[] = frames, wrong: Partial<ReplayEnd> = {}): Published[] {
  const parts = [...cutParts(content)]
  const bytes = parts.reduce((sum, { length }) => sum + length, 0)
  return [
    ...parts.map((payload, n) => at(asked, n, payload)),
    ending(asked, { parts: parts.length, bytes, frames: content.length, ...wrong }),
  ]
}

const corrupt = (bytes: Uint8Array): Uint8Array => bytes.map((byte, n) => (n === 20 ? byte ^ 1 : byte))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function faultOf(pull: Promise<unknown>): Promise<RecoveryFault> {
  const error = await pull.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (error instanceof RecoveryError) return error.facts
  throw error ?? new Error('it was answered')
}
