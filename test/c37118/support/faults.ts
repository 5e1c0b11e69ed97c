import { expect } from 'vitest'
import { FrameError, type FrameFault } from '../../../src/c37118/index.ts'

/** The facts of the FrameError that `run` throws. Anything else that it throws fails the test. */
export function faultOf(run: () => unknown): FrameFault | undefined {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(FrameError)
    return (error as FrameError).facts
  }
  return undefined
}
