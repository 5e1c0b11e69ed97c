import { siteTopic } from './grid.ts'
import { formatPath, type Problem } from './problem.ts'
import type { PlacedSite } from './resolve-site.ts'

/** Names that are taken twice, or that mean something else on the bus. */
export function checkNames(placed: readonly PlacedSite[]): Problem[] {
  const problems: Problem[] = []
  const nodes = new Map<string, PlacedSite>()
  const simulated = new Map<number, string>()
  const streams = new Map<string, { idcode: number; place: PlacedSite; line: string }>()

  for (const place of placed) {
    const { site, document, path } = place
    const problem = (at: readonly PropertyKey[], message: string, fix?: string): void => {
      const whole = [...path, ...at]
      problems.push({
        ...document.at(whole),
        severity: 'error',
        path: formatPath(whole),
        message,
        ...(fix !== undefined && { fix }),
      })
    }

    if (site.area === 'PMU' || site.area === 'PDC')
      problem(['area'], `an area cannot be called ${site.area}`, 'it is a data type in every topic')
    if (site.locationType === 'reply')
      problem(['location'], '`reply` is no location type', 'the bus answers under that name')

    const node = `${siteTopic(site)}/NODE/${site.nodeId}`
    const first = nodes.get(node)
    if (first)
      problem(
        ['location'],
        `this site stands at ${lineOf(first, ['location'])} already`,
        'join the two, or give one another `node`',
      )
    else nodes.set(node, place)

    const own = new Set<string>()
    const isSimulated = (at: readonly PropertyKey[], idcode: number): void => {
      const line = simulated.get(idcode)
      if (line)
        problem(at, `the simulated PMU at ${line} has IDCODE ${idcode} already`, 'the simulator tells them apart by it')
      else simulated.set(idcode, lineOf(place, at))
    }
    for (const [i, pmu] of site.pmus.entries()) {
      const at = ['pmus', i, 'id']
      const typed = document.sourceOf([...path, ...at])
      if (typed !== undefined && Number(typed) === Number(pmu.producerId) && typed !== pmu.producerId) {
        problem(
          at,
          `\`${typed}\` is read as the number ${pmu.producerId}`,
          `write '${typed}' in quotes to keep the name as it is`,
        )
      }
      const known = streams.get(pmu.topic)
      if (own.has(pmu.topic))
        problem(at, `${pmu.dataType} ${pmu.producerId} stands at ${known?.line} already`, 'give one of them another id')
      else if (known && known.idcode !== pmu.session.idcode) {
        problem(
          ['pmus', i, 'idcode'],
          `${pmu.topic} has IDCODE ${known.idcode} at ${known.line}`,
          'two adapters of one device need the same',
        )
      }
      if (pmu.source.kind === 'simulated') isSimulated(['pmus', i, 'idcode'], pmu.session.idcode)
      own.add(pmu.topic)
      if (!known) streams.set(pmu.topic, { idcode: pmu.session.idcode, place, line: lineOf(place, at) })
    }

    for (const [i, { inputs, outputs }] of site.pdcs.entries()) {
      const devices = new Set<string>()
      for (const [j, input] of inputs.entries()) {
        if (!('source' in input)) continue
        if (devices.has(input.id)) {
          const message = `an input ${input.id} stands in this PDC already`
          problem(['pdcs', i, 'inputs', j, 'id'], message, 'give one of them another id')
        }
        devices.add(input.id)
        if (input.source.kind === 'simulated') isSimulated(['pdcs', i, 'inputs', j, 'idcode'], input.session.idcode)
      }
      const served = new Set<string>()
      for (const [j, { id, topic, idcode }] of outputs.entries()) {
        const at = ['pdcs', i, 'outputs', j, 'id']
        const known = topic === undefined ? undefined : streams.get(topic)
        if (known) problem(at, `PDC ${id} stands at ${known.line} already`, 'give one of them another id')
        else if (served.has(id))
          problem(at, `an output ${id} stands in this PDC already`, 'give one of them another id')
        else if (topic !== undefined) streams.set(topic, { idcode, place, line: lineOf(place, at) })
        served.add(id)
      }
    }

    // What they keep of their streams is in files of these names.
    const consumers = new Set<string>()
    for (const [kind, key] of [
      ['PDC', 'pdcs'],
      ['PDC-adapter', 'pdcAdapters'],
      ['historian', 'historians'],
    ] as const) {
      for (const [i, { id }] of site[key].entries()) {
        if (consumers.has(id)) {
          problem(
            [key, i, 'id'],
            `a PDC, PDC-adapter or historian ${id} stands in this site already`,
            `give this ${kind} another id`,
          )
        }
        consumers.add(id)
      }
    }
  }
  return problems
}

function lineOf({ document, path }: PlacedSite, at: readonly PropertyKey[]): string {
  const { file, line } = document.at([...path, ...at])
  return `${file}:${line}`
}
