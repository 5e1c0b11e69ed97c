import { describe, expect, it } from 'vitest'
import { BusError, type BusFault } from '../../../src/bus/index.ts'
import { brokerFault } from '../../../src/cli/tap/broker-fault.ts'

const broker = 'mqtt://pop-7:1883'
const lost = (reason: string): BusFault => ({ code: 'BUS_CONNECTION_LOST', broker, reason })

describe('what keeps tap from its broker', () => {
  it.each<[BusFault, RegExp]>([
    [lost('connect ECONNREFUSED 10.0.0.7:1883'), /^pop-7:1883 cannot be reached: nothing listens there$/],
    [lost('getaddrinfo ENOTFOUND pop-7'), /no address is known for this host name/],
    [lost('connack timeout'), /does not answer as an MQTT broker/],
    [lost('Invalid header flag bits, must be 0x0 for puback packet'), /does not speak MQTT 3\.1\.1 \(Invalid header/],
    [lost('self-signed certificate'), /cannot be reached: self-signed certificate/],
    [{ code: 'BUS_REFUSED', broker, returnCode: 5, reason: 'Not authorized' }, /refuses us: Not authorized/],
  ])('%j is said in words', (facts, message) => {
    const { message: text } = brokerFault(new BusError(facts, 'as the bus says it'))
    expect(text.replace('CLI_FAILED: mqtt://', '')).toMatch(message)
  })

  it('blames the grid file that names the broker', () => {
    const { facts } = brokerFault(new BusError(lost('connect ECONNREFUSED'), 'as the bus says it'), 'area.yaml')
    expect(facts.hint).toBe('check that it runs, and what area.yaml says of it')
  })

  it('names the file that cannot be read, and does not blame the broker', () => {
    const cause = Object.assign(new Error('EACCES'), { code: 'EACCES', syscall: 'open' })
    const facts: BusFault = { code: 'BUS_CREDENTIALS_UNREADABLE', file: 'key.pem', reason: 'EACCES' }
    const { message, facts: said } = brokerFault(new BusError(facts, 'key.pem: EACCES', { cause }))
    expect(message).toContain('cannot open key.pem: permission denied')
    expect(said.hint).toMatch(/owner and mode/)
  })
})
