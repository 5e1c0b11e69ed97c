import { describe, expect, it } from 'vitest'
import { setApart } from '../../bench/faults/set-apart.ts'

const at = (writtenAtMs: number, unheard = false, stream = '1') => ({ stream, writtenAtMs, unheard })
const nobody = { adapter: [], consumer: [] }
const kill = { killedMs: 1000, stoppedMs: 1001, unreadFromMs: 1001, goneMs: 1003 }

describe('what never came', () => {
  it('is lost', () => {
    expect(setApart([at(1000), at(1020)], nobody)).toEqual({ lost: 2, not_received: 0, in_socket: 0 })
  })

  it('is lost even if nobody heard it, where no adapter was killed', () => {
    expect(setApart([at(1000, true)], nobody)).toEqual({ lost: 1, not_received: 0, in_socket: 0 })
  })

  it('was not received when its only adapter was dead, or died with it on its way', () => {
    const missing = [at(995), at(1005), at(1020, true), at(1040, true)]
    const kills = { ...nobody, adapter: [kill] }
    expect(setApart(missing, kills)).toEqual({ lost: 0, not_received: 4, in_socket: 0 })
  })

  it('is lost before the adapter was killed, and once another read its PMU again', () => {
    const missing = [at(980), at(1020, true), at(1500)]
    const kills = { ...nobody, adapter: [kill] }
    expect(setApart(missing, kills)).toEqual({ lost: 2, not_received: 1, in_socket: 0 })
  })

  it('was not received when it stood unread at its only adapter, which was behind', () => {
    const kills = { ...nobody, adapter: [{ ...kill, unreadFromMs: 960 }] }
    expect(setApart([at(945), at(955), at(975)], kills)).toEqual({ lost: 1, not_received: 2, in_socket: 0 })
  })

  it('was not received where its own connection was found closed later than that of another stream', () => {
    const missing = [at(1020, true), at(1020, false, '2'), at(1040, true, '2'), at(1060, false, '2')]
    const kills = { ...nobody, adapter: [kill] }
    expect(setApart(missing, kills)).toEqual({ lost: 1, not_received: 3, in_socket: 0 })
  })

  it('is not excused by a death that the PMU should long have noticed', () => {
    const kills = { ...nobody, adapter: [kill] }
    expect(setApart([at(1204)], kills)).toEqual({ lost: 1, not_received: 0, in_socket: 0 })
  })

  it('may have been in the socket to a PDC whose adapter was killed, and is lost when it was written later', () => {
    const kills = { ...nobody, consumer: [kill] }
    expect(setApart([at(950), at(1010)], kills)).toEqual({ lost: 1, not_received: 0, in_socket: 1 })
  })
})
