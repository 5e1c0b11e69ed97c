import { formatAddress } from './address.ts'
import type { Pmu, Site } from './grid.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'

/** Where a device's frames are taken from, and what else but the IDCODE tells them from others there. */
interface Input {
  readonly name: string
  /** An address; undefined: frames from anybody are taken. */
  readonly from: string | undefined
}

/** Devices that one site cannot tell apart, or reads twice. */
export function checkInputs(placed: readonly PlacedSite[]): Problem[] {
  return placed.flatMap(({ site, document, path }) => {
    const seen = new Map<string, { readonly device: Device; readonly from: string | undefined }[]>()
    return devicesOf(site).flatMap((device): Problem[] => {
      const input = inputOf(device)
      if (!input) return []
      const key = `${input.name} ${device.session.idcode}`
      const others = seen.get(key) ?? []
      seen.set(key, [...others, { device, from: input.from }])
      const same = others.find(({ from }) => from === undefined || input.from === undefined || from === input.from)
      if (!same) return []
      const at = [...path, ...device.at]
      return [{ ...document.at(at), path: formatPath(at), ...explain(same.device, device, input) }]
    })
  })
}

interface Device extends Pick<Pmu, 'source' | 'session'> {
  readonly name: string
  /** Where its source stands in the site. */
  readonly at: readonly PropertyKey[]
}

/** Those that a PMU-adapter reads, and those that PDCs read themselves. */
export function devicesOf({ pmus, pdcs }: Site): readonly Device[] {
  const read = pdcs.flatMap(({ id: pdc, inputs }, i) =>
    inputs.flatMap((input, j) =>
      'source' in input ? [{ ...input, name: `${input.id} of ${pdc}`, at: ['pdcs', i, 'inputs', j, 'source'] }] : [],
    ),
  )
  return [
    ...pmus.map(({ dataType, producerId, source, session }, i) => ({
      name: `${dataType} ${producerId}`,
      source,
      session,
      at: ['pmus', i, 'source'],
    })),
    ...read,
  ]
}

function inputOf({ source }: Device): Input | undefined {
  switch (source.kind) {
    case 'tcp':
      return { name: `tcp ${formatAddress(source)}`, from: source.host }
    case 'tcp+udp':
      return source.data.port === 0 ? undefined : { name: `udp ${formatAddress(source.data)}`, from: source.host }
    case 'udp':
      return source.local.port === 0 ? undefined : { name: `udp ${formatAddress(source.local)}`, from: source.host }
    case 'udp-spontaneous':
      return { name: `udp ${formatAddress(source.local)}`, from: source.from }
    case 'pcap':
      return { name: `pcap ${source.path ?? source.command?.join(' ') ?? ''}`, from: source.from }
    case 'simulated':
      return undefined
  }
}

function explain(other: Device, { source }: Device, { name }: Input): Pick<Problem, 'severity' | 'message' | 'fix'> {
  if (source.kind === 'tcp') {
    const message = `${other.name} is read from ${name} with the same IDCODE`
    return { severity: 'warning', message, fix: 'is it the same device?' }
  }
  const message = `${other.name} has the same IDCODE on ${name}, and nothing tells the two apart`
  return { severity: 'error', message, fix: 'add ?from=ADDRESS to both, or use two ports' }
}
