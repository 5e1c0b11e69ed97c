import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  compileDecoder,
  type DataDecoder,
  decodeConfiguration,
  decodeHeader,
  decodeStat,
  FrameType,
  fractionOf,
  frameTypeOf,
  idcodeOf,
  socOf,
} from '../../src/c37118/index.ts'
import { SourceConfig, startSource } from '../../src/link/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics, type MetricsRegistry } from '../../src/runtime/metrics.ts'
import type { ServiceDeps } from '../../src/runtime/service.ts'
import { type ScheduleClock, type SimulatorInput, startSimulator } from '../../src/simulator/index.ts'

let stop: AbortController
let metrics: MetricsRegistry
let deps: ServiceDeps

beforeEach(() => {
  stop = new AbortController()
  metrics = createMetrics()
  deps = { signal: stop.signal, log: silentLog, metrics }
})
afterEach(() => stop.abort())

/** Time that passes only in `wait`, 0.4 ms longer than asked. */
function jumpingClock(nowMs: number): ScheduleClock & { nowMs: number } {
  return {
    nowMs,
    utcMs() {
      return this.nowMs
    },
    async wait(ms) {
      this.nowMs += ms + 0.4
    },
  }
}

/** Settles on `count` data frames of a PMU, with what else was sent. */
function receive(idcode: number, port: number, count: number) {
  return new Promise<{ frames: Uint8Array[]; types: number[]; header: string; decoder: DataDecoder }>((resolve) => {
    const frames: Uint8Array[] = []
    const types: number[] = []
    let header = ''
    let decoder: DataDecoder | undefined
    const session = new AbortController()
    const config = SourceConfig.parse({
      transport: `tcp://127.0.0.1:${port}`,
      idcode,
      ask: ['config-1', 'config-3', 'header'],
    })
    startSource(config, {
      ...deps,
      signal: AbortSignal.any([stop.signal, session.signal]),
      sink: {
        configuration(fragments) {
          const configuration = decodeConfiguration(fragments)
          types.push(configuration.type)
          if (configuration.type === FrameType.config2) decoder = compileDecoder(configuration)
        },
        header: (frame) => {
          header = decodeHeader(frame).text
        },
        data(frame) {
          frames.push(frame)
          if (frames.length !== count) return
          session.abort()
          resolve({ frames, types, header, decoder: decoder! })
        },
        online() {},
        offline() {},
      },
    })
  })
}

const onLoopback = (ports: 'each' | 'shared'): SimulatorInput['serve'] => ({ listen: ['tcp://127.0.0.1:0'], ports })

describe('the simulator', () => {
  it('serves each PMU at a port of its own, with all its configurations and its header', async () => {
    const simulator = startSimulator(
      { simulation: { fleet: { count: 3, firstIdcode: 101, rates: [100] } }, serve: onLoopback('each') },
      deps,
    )
    await simulator.ready
    const ports = simulator.pmus.map((pmu) => simulator.addressesOf(pmu)[0]!.port)
    expect(new Set(ports).size).toBe(3)

    const { frames, types, header, decoder } = await receive(102, ports[1]!, 120)
    expect(new Set(types)).toEqual(new Set([FrameType.config1, FrameType.config2, FrameType.config3]))
    expect(header).toContain('phasorbus simulator')
    const steps = frames.slice(1).map((frame, i) => timeOf(frame) - timeOf(frames[i]!))
    expect(new Set(steps.map((step) => step.toFixed(6)))).toEqual(new Set(['0.010000']))
    const { soc, pmus } = decoder.decode(frames.at(-1)!)
    expect(Math.abs(soc - Date.now() / 1000)).toBeLessThan(5)
    expect(pmus[0]!.freq).toBeCloseTo(50, 0)

    stop.abort()
    await simulator.done
  })

  it('serves all PMUs at one port, told apart by IDCODE', async () => {
    const simulator = startSimulator({ simulation: { fleet: { count: 3 } }, serve: onLoopback('shared') }, deps)
    await simulator.ready
    const ports = simulator.pmus.map((pmu) => simulator.addressesOf(pmu)[0]!.port)
    expect(new Set(ports).size).toBe(1)
    const received = await Promise.all([receive(1, ports[0]!, 20), receive(3, ports[0]!, 20)])
    expect(received.map(({ frames }) => [...new Set(frames.map(idcodeOf))])).toEqual([[1], [3]])
  })

  it('sends unasked over UDP, configuration included', async () => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const types = new Set<number>()
    const idcodes = new Set<number>()
    const all = new Promise<void>((resolve) => {
      socket.on('message', (frame) => {
        types.add(frameTypeOf(frame))
        idcodes.add(idcodeOf(frame))
        if (types.size === 2 && idcodes.size === 2) resolve()
      })
    })
    const { port } = socket.address()
    const serve: SimulatorInput['serve'] = { listen: [`udp-spontaneous://127.0.0.1:${port}`], ports: 'shared' }
    startSimulator({ simulation: { fleet: { count: 2 } }, serve }, deps)
    await all
    socket.close()
    expect([...types].toSorted()).toEqual([FrameType.data, FrameType.config2])
    expect([...idcodes].toSorted()).toEqual([1, 2])
  })

  it('lets what is triggered be seen by a PDC', async () => {
    const simulator = startSimulator(
      { simulation: { pmus: [{ idcode: 7, bus: 18, rate: 100 }] }, serve: onLoopback('each') },
      deps,
    )
    await simulator.ready
    const { port } = simulator.addressesOf(simulator.pmus[0]!)[0]!
    await receive(7, port, 1)
    simulator.trigger({ kind: 'voltage-sag', depth: 0.5, durationS: 600 })
    const { frames, decoder } = await receive(7, port, 20)
    expect(decodeStat(decoder.decode(frames.at(-1)!).pmus[0]!.stat)).toMatchObject({ trigger: true, triggerReason: 1 })
    simulator.endEvents()
    const after = await receive(7, port, 150)
    expect(decodeStat(decoder.decode(after.frames.at(-1)!).pmus[0]!.stat).trigger).toBe(false)
  })

  it('gives every frame to its tap, each timestamp of each PMU once, whatever the clock of the host does to it', async () => {
    const clock = jumpingClock(1_700_000_000_250)
    const times = new Map<number, number[]>()
    const simulator = startSimulator(
      { simulation: { fleet: { count: 2, rates: [25, 60] } } },
      {
        ...deps,
        clock,
        onFrame({ idcode }, frame) {
          const all = times.get(idcode) ?? []
          times.set(idcode, all)
          all.push(timeOf(frame))
          if (all.length === 500 && idcode === 1) clock.nowMs += 7_000
          if (idcode === 1 && all.length === 60 * 25) stop.abort()
        },
      },
    )
    await simulator.done
    expect(times.get(1)).toEqual(Array.from({ length: 1500 }, (_, k) => 1_700_000_001 + k / 25))
    const sixty = times.get(2)!
    expect(sixty.length).toBeGreaterThan(59 * 60)
    expect(sixty.every((time, k) => Math.abs(time - 1_700_000_001 - k / 60) < 1e-6)).toBe(true)
    expect(metrics.counter('phasorbus_simulator_frames_total', '').value).toBe(1500 + sixty.length)
    expect(metrics.counter('phasorbus_simulator_skipped_frames_total', '').value).toBe(0)
  })

  it('counts what it skips when it is too far behind', async () => {
    const clock = jumpingClock(1_700_000_000_250)
    const times: number[] = []
    const simulator = startSimulator(
      { simulation: { pmus: [{ idcode: 1, bus: 1, rate: 10 }] }, catchUpMs: 2000 },
      {
        ...deps,
        clock,
        onFrame(_pmu, frame) {
          times.push(timeOf(frame))
          if (times.length === 20) clock.nowMs += 100_000
          if (times.length === 40) stop.abort()
        },
      },
    )
    await simulator.done
    const steps = times.slice(1).map((time, i) => time - times[i]!)
    const skipped = Math.round(Math.max(...steps)) * 10
    expect(skipped).toBeGreaterThan(950)
    expect(metrics.counter('phasorbus_simulator_skipped_frames_total', '').value).toBe(skipped)
  })

  it('rejects when a port is taken, and leaves none open', async () => {
    const first = startSimulator({ simulation: { fleet: { count: 1 } }, serve: onLoopback('each') }, deps)
    await first.ready
    const { port } = first.addressesOf(first.pmus[0]!)[0]!
    const serve: SimulatorInput['serve'] = { listen: [`tcp://127.0.0.1:${port}`], ports: 'shared' }
    const second = startSimulator({ simulation: { fleet: { count: 2 } }, serve }, deps)
    await expect(second.ready).rejects.toMatchObject({ facts: { code: 'LINK_LISTEN_FAILED' } })
    await expect(second.done).rejects.toMatchObject({ facts: { code: 'LINK_LISTEN_FAILED' } })
  })

  it('serves 1,000 PMUs at 1,000 ports', async () => {
    const simulator = startSimulator(
      { simulation: { fleet: { count: 1000, rates: [10] } }, serve: onLoopback('each') },
      deps,
    )
    await simulator.ready
    const ports = simulator.pmus.map((pmu) => simulator.addressesOf(pmu)[0]!.port)
    expect(new Set(ports).size).toBe(1000)
    const { frames } = await receive(1000, ports[999]!, 5)
    expect(idcodeOf(frames[0]!)).toBe(1000)
    stop.abort()
    await simulator.done
  })
})

const timeOf = (frame: Uint8Array): number => socOf(frame) + fractionOf(frame) / 1e6
