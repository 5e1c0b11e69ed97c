import type { SceneStream } from '../scene/scene.ts'

interface Props {
  readonly streams: readonly SceneStream[]
  readonly value: string
  readonly onChange: (topic: string) => void
}

/** All streams, by site. */
export function StreamPicker({ streams, value, onChange }: Props) {
  const sites = new Map<string, SceneStream[]>()
  for (const stream of streams) {
    const site = stream.topic.split('/').slice(1, 3).join('/')
    sites.set(site, [...(sites.get(site) ?? []), stream])
  }
  return (
    <label>
      stream{' '}
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {!streams.some(({ topic }) => topic === value) && <option value={value}>{value}</option>}
        {[...sites].map(([site, of]) => (
          <optgroup key={site} label={site}>
            {of.map(({ topic, buffer }) => (
              <option key={topic} value={topic}>
                {nameOf(
                  topic,
                  buffer?.configuration.pmus.map(({ stn }) => stn.trim()),
                )}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  )
}

function nameOf(topic: string, stations: readonly string[] = []): string {
  const name = topic.split('/').slice(3).join(' ')
  return stations.length === 1 ? `${name} ${stations[0]}` : name
}
