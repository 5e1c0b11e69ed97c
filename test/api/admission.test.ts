import { describe, expect, it } from 'vitest'
import { Admission } from '../../src/api/admission.ts'

describe('admission', () => {
  it('lets in as many as it says, others in their order as these leave, and turns away the rest', async () => {
    const admission = new Admission(2, 2)
    const entered: number[] = []
    const leaves = new Map<number, () => void>()
    const enter = (n: number): Promise<void> =>
      admission.enter().then((leave) => {
        entered.push(n)
        leaves.set(n, leave)
      })
    const waiting = [0, 1, 2, 3].map(enter)
    await Promise.all(waiting.slice(0, 2))
    expect(entered).toEqual([0, 1])
    await expect(admission.enter()).rejects.toMatchObject({ facts: { code: 'API_BUSY' } })
    leaves.get(1)!()
    leaves.get(1)!()
    await waiting[2]
    expect(entered).toEqual([0, 1, 2])
    leaves.get(0)!()
    await waiting[3]
    leaves.get(2)!()
    leaves.get(3)!()
    await expect(admission.run(async () => 'done')).resolves.toBe('done')
    await expect(
      admission.run(async () => {
        throw new Error('failed')
      }),
    ).rejects.toThrow('failed')
    expect((await Promise.all([0, 1].map(() => admission.run(async () => 1)))).length).toBe(2)
  })
})
