import type { Judge } from '../../judge/index.ts'
import { fractionOf, socOf } from '../../src/c37118/index.ts'
import { silentLog } from '../../src/runtime/log.ts'
import { createMetrics } from '../../src/runtime/metrics.ts'
import { startSimulator } from '../../src/simulator/index.ts'

export interface SimulatedPmus {
  readonly streams: readonly { readonly idcode: number; readonly port: number }[]
  /** A PDC read this frame. */
  read(idcode: number, frame: Uint8Array): void
  /** Frames of later instants count no more, at either end. */
  endCount(): void
}

/** So many simulated PMUs at 50 frames/s, each at a port of its own; what they write is told to the judge. */
export async function startSimulatedPmus(count: number, judge: Judge, signal: AbortSignal): Promise<SimulatedPmus> {
  let last = 0
  let ended = false
  const counts = (frame: Uint8Array): boolean => {
    const time = socOf(frame) * 0x1000000 + fractionOf(frame)
    if (!ended && time > last) last = time
    return time <= last
  }
  const simulator = startSimulator(
    { simulation: { fleet: { count, rates: [50] } }, serve: { listen: ['tcp://127.0.0.1:0'] } },
    {
      signal,
      log: silentLog,
      metrics: createMetrics(),
      onFrame(pmu, frame) {
        if (counts(frame)) judge.wrote(String(pmu.idcode), frame, performance.now())
      },
    },
  )
  await simulator.ready
  return {
    streams: simulator.pmus.map((pmu) => ({ idcode: pmu.idcode, port: simulator.addressesOf(pmu)[0]!.port })),
    read(idcode, frame) {
      if (counts(frame)) judge.read(String(idcode), frame, performance.now())
    },
    endCount() {
      ended = true
    },
  }
}
