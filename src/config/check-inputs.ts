import { formatAddress } from './address.ts'
import type { Pmu } from './grid.ts'
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
    const seen = new Map<string, { readonly pmu: Pmu; readonly from: string | undefined }[]>()
    return site.pmus.flatMap((pmu, i): Problem[] => {
      const input = inputOf(pmu)
      if (!input) return []
      const key = `${input.name} ${pmu.session.idcode}`
      const others = seen.get(key) ?? []
      seen.set(key, [...others, { pmu, from: input.from }])
      const same = others.find(({ from }) => from === undefined || input.from === undefined || from === input.from)
      if (!same) return []
      const at = [...path, 'pmus', i, 'source']
      return [{ ...document.at(at), path: formatPath(at), ...explain(same.pmu, pmu, input) }]
    })
  })
}

function inputOf({ source }: Pmu): Input | undefined {
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

function explain(other: Pmu, { source }: Pmu, { name }: Input): Pick<Problem, 'severity' | 'message' | 'fix'> {
  if (source.kind === 'tcp') {
    const message = `${other.dataType} ${other.producerId} is read from ${name} with the same IDCODE`
    return { severity: 'warning', message, fix: 'is it the same device?' }
  }
  const message = `${other.dataType} ${other.producerId} has the same IDCODE on ${name}, and nothing tells the two apart`
  return { severity: 'error', message, fix: 'add ?from=ADDRESS to both, or use two ports' }
}
