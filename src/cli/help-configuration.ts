import { keyReference } from '../config/key-reference.ts'

/** What `phasorbus help configuration` prints. */
export function configurationHelp(): string {
  const entries = keyReference().map(({ path, type, preset, required, description }) => {
    const facts = [type, required ? 'required' : undefined, preset === undefined ? undefined : `default ${preset}`]
    return `${path}\n    ${description}\n    (${facts.filter(Boolean).join('; ').replaceAll('`', '')})`
  })
  return `Every key of grid.yaml

An example of ten lines:

  area: my-area
  sites:
    - location: substation/1
      pmus:
        - id: 1
          idcode: 1
          source: tcp://10.0.0.7:4712
      pdcAdapters:
        - listen: tcp://0.0.0.0:4712
          streams: PMU/1

${entries.join('\n')}
`
}
