import { join } from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { build } from 'vite'
import { describe, expect, it } from 'vitest'
import { golden, hex } from '../fixtures/golden.ts'

const entry = join(import.meta.dirname, '../../src/c37118/index.ts')

/** The folder as one script for a browser. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      // Comments may speak of Node; code may not.
      minify: true,
      target: 'es2022',
      lib: { entry, formats: ['iife'], name: 'c37118' },
    },
  })
  const outputs = [result].flat().flatMap((one) => ('output' in one ? one.output : []))
  expect(outputs).toHaveLength(1)
  const [only] = outputs
  if (only?.type !== 'chunk') throw new Error('vite gave no script')
  expect([only.imports, only.dynamicImports]).toEqual([[], []])
  return only.code
}

describe('phasorbus/c37118 in a browser', async () => {
  const code = await bundle()

  it('asks nothing of Node and imports nothing', () => {
    expect(code).not.toMatch(/\b(node:|require\(|process\b|Buffer\b|globalThis\.(process|Buffer)|__dirname)/)
  })

  it('decodes a real frame where there is nothing but the web', () => {
    // A bare context has the language alone; text codecs are the web's.
    const context = createContext({ TextEncoder, TextDecoder, Uint8Array })
    runInContext(code, context)
    const text = runInContext(
      `{
        const configuration = c37118.decodeConfiguration(Uint8Array.from(${JSON.stringify([...hex(golden.bluePmuConfig)])}))
        const decoder = c37118.compileDecoder(configuration)
        const frames = []
        const splitter = new c37118.FrameSplitter()
        splitter.push(Uint8Array.from(${JSON.stringify([...hex(golden.bluePmuData)])}), (frame) => frames.push(frame))
        JSON.stringify({ stn: configuration.pmus[0].stn, sample: decoder.decode(frames[0]).pmus[0] })
      }`,
      context,
    )
    expect(typeof text).toBe('string')
    const { stn, sample } = JSON.parse(String(text))
    expect(stn).toBe('Blue PMU')
    expect(sample).toMatchObject({ stat: 0x0800, freq: 50 })
    expect(sample.phasors[0].magnitude).toBeCloseTo(100_044.349, 3)
  })
})
