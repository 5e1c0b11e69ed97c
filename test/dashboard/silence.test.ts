import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { LiveStreams } from '../../dashboard/src/live/live-streams.ts'
import { Track } from '../../dashboard/src/playback/track.ts'
import { RingRoom } from '../../dashboard/src/scene/ring-room.ts'
import { configurationFrames, frameWriter, smallPmu } from '../support/stream-frames.ts'

const topic = 'area/secondary-station/1/PMU/7'
const frame = frameWriter(smallPmu())(0)
/** DATA_RATE, and when a stream of it is offline without a frame, in ms. */
const cases = [
  [50, 1080],
  [1, 5000],
  [-10, 41_000],
  [0, 5000],
] as const

describe('a stream of which no frame comes any more', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }))
  afterEach(() => void vi.useRealTimers())

  it.each(cases)('is offline, live, at DATA_RATE %i after %i ms', (dataRate, silentMs) => {
    const streams = new LiveStreams()
    const [described] = configurationFrames(smallPmu({ dataRate })) as [Uint8Array]
    streams.frames(topic, described, true)
    streams.frames(topic, frame, false)
    vi.advanceTimersByTime(silentMs - 1)
    expect(streams.find(topic)!.isOnline).toBe(true)
    vi.advanceTimersByTime(2)
    expect(streams.find(topic)!.isOnline).toBe(false)
  })

  it('is offline, live, when the computer has slept since its last frame, whatever the time of the page says', () => {
    const streams = new LiveStreams()
    const [described] = configurationFrames(smallPmu({ dataRate: 50 })) as [Uint8Array]
    streams.frames(topic, described, true)
    streams.frames(topic, frame, false)
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 8 * 3_600_000)
    onTestFinished(() => clock.mockRestore())
    const { isOnline, silentS } = streams.find(topic)!
    expect([isOnline, Math.round(silentS! / 3600)]).toEqual([false, 8])
  })

  it.each(cases)('is offline, played back, at DATA_RATE %i after %i ms', (dataRate, silentMs) => {
    const configuration = smallPmu({ dataRate })
    const timeUs = configuration.soc * 1e6
    let playheadUs = timeUs
    const track = new Track(
      topic,
      new RingRoom(),
      () => playheadUs,
      () => false,
    )
    track.add({ timeUs, frame, by: { fragments: configurationFrames(configuration), configuration } })
    track.show(timeUs, () => false)
    playheadUs = timeUs + (silentMs - 1) * 1000
    expect(track.isOnline).toBe(true)
    playheadUs += 2000
    expect(track.isOnline).toBe(false)
  })
})
