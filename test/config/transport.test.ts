import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ServerConfig } from '../../src/config/server.ts'
import { SourceConfig } from '../../src/config/source.ts'
import { describeTransport, Transport } from '../../src/config/transport.ts'

const local = { host: '0.0.0.0', port: 4713 }

describe('a transport as text', () => {
  it.each([
    ['tcp://pmu.example:4722', { kind: 'tcp', host: 'pmu.example', port: 4722 }],
    ['tcp://10.0.0.5', { kind: 'tcp', host: '10.0.0.5', port: 4712 }],
    ['tcp://[fd00::5]:4712', { kind: 'tcp', host: 'fd00::5', port: 4712 }],
    ['tcp+udp://10.0.0.5', { kind: 'tcp+udp', host: '10.0.0.5', port: 4712, data: local }],
    [
      'tcp+udp://10.0.0.5?data=5000&group=239.1.2.3&interface=10.0.0.1',
      {
        kind: 'tcp+udp',
        host: '10.0.0.5',
        port: 4712,
        data: { host: '0.0.0.0', port: 5000, group: '239.1.2.3', interface: '10.0.0.1' },
      },
    ],
    ['udp://10.0.0.5', { kind: 'udp', host: '10.0.0.5', port: 4713, local: { host: '0.0.0.0', port: 0 } }],
    [
      'udp://10.0.0.5:4720?local=4712',
      { kind: 'udp', host: '10.0.0.5', port: 4720, local: { host: '0.0.0.0', port: 4712 } },
    ],
    ['udp-spontaneous://', { kind: 'udp-spontaneous', local }],
    ['udp-spontaneous://0.0.0.0:4713?from=10.0.0.5', { kind: 'udp-spontaneous', from: '10.0.0.5', local }],
    [
      'udp-spontaneous://239.1.2.3:5000?interface=10.0.0.1',
      {
        kind: 'udp-spontaneous',
        local: { host: '0.0.0.0', port: 5000, group: '239.1.2.3', interface: '10.0.0.1' },
      },
    ],
    ['pcap:/run/mirror?from=10.0.0.5', { kind: 'pcap', path: '/run/mirror', from: '10.0.0.5' }],
    ['pcap:-', { kind: 'pcap', path: '-' }],
    ['pcap:captures/a.pcap', { kind: 'pcap', path: 'captures/a.pcap' }],
  ])('%s', (text, expected) => {
    expect(Transport.parse(text)).toEqual(expected)
  })

  it.each([
    'pmu.example',
    'http://pmu.example',
    'tcp://',
    'tcp://pmu:99999',
    'tcp://pmu:0',
    'tcp://pmu/path',
    'tcp://user@pmu',
    'tcp://pmu?prot=1',
    'udp://pmu?local=x',
    'udp-spontaneous://?from=pmu.example',
    'pcap:',
    'pcap:file?form=10.0.0.5',
  ])('%s is refused', (text) => {
    expect(Transport.safeParse(text).success).toBe(false)
  })

  it('says what it would rather have', () => {
    const issues = Transport.safeParse('serial://ttyS0').error?.issues
    expect(JSON.stringify(issues)).toContain('one of tcp, tcp+udp, udp, udp-spontaneous, pcap')
  })
})

describe('a transport in words', () => {
  it.each([
    'tcp://[fd00::5]:4712',
    'tcp+udp://10.0.0.5:4712',
    'udp://10.0.0.5:4713',
    'udp-spontaneous://239.1.2.3:4713?from=10.0.0.5',
    'pcap:/run/mirror',
  ])('%s', (text) => {
    expect(describeTransport(Transport.parse(text))).toBe(text)
  })
})

it('a source needs a transport and an IDCODE, and has defaults for the rest', () => {
  expect(SourceConfig.parse({ transport: 'tcp://pmu', idcode: 7 })).toMatchObject({
    version: 1,
    ask: ['header'],
    retry: { firstDelayMs: 250, maxDelayMs: 30_000 },
  })
  expect(SourceConfig.safeParse({ transport: 'tcp://pmu', idcode: 65_535 }).success).toBe(false)
  expect(SourceConfig.safeParse({ transport: { kind: 'pcap' }, idcode: 1 }).success).toBe(false)
})

describe('where a server listens', () => {
  it.each([
    ['tcp://', { kind: 'tcp', host: '0.0.0.0', port: 4712 }],
    ['tcp://127.0.0.1:0', { kind: 'tcp', host: '127.0.0.1', port: 0 }],
    ['tcp+udp://?data=5000', { kind: 'tcp+udp', host: '0.0.0.0', port: 4712, dataPort: 5000, hops: 1 }],
    ['udp://', { kind: 'udp', host: '0.0.0.0', port: 4713 }],
    [
      'udp-spontaneous://239.1.2.3?hops=4&interface=10.0.0.1',
      { kind: 'udp-spontaneous', host: '239.1.2.3', port: 4713, hops: 4, interface: '10.0.0.1' },
    ],
  ])('%s', (text, expected) => {
    expect(ServerConfig.parse({ listen: [text] }).listen).toEqual([expected])
  })

  it.each(['udp-spontaneous://', 'udp-spontaneous://name.example', 'tcp://0.0.0.0?hops=2', 'pcap:x'])(
    '%s is refused',
    (text) => {
      expect(ServerConfig.safeParse({ listen: [text] }).success).toBe(false)
    },
  )

  it.each([
    ['10.0.0.0/8', true],
    ['fd00::/8', true],
    ['10.0.0.1', true],
    ['10.0.0.0/33', false],
    ['pdc.example', false],
    ['10.0.0.0/8/8', false],
  ])('an allow-list entry %s: %s', (entry, fits) => {
    expect(ServerConfig.safeParse({ listen: ['tcp://'], allow: [entry] }).success).toBe(fits)
  })
})

it('gives editors a JSON Schema', () => {
  const schema = z.toJSONSchema(z.strictObject({ source: SourceConfig, server: ServerConfig }), { io: 'input' })
  expect(schema).toMatchObject({ type: 'object', required: ['source', 'server'] })
})
