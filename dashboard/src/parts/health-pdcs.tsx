/** What PDCs say of their outputs, since their processes began. */
import type { PdcFigures } from '../../../src/streams/index.ts'
import { useAppState } from '../app-state.ts'
import type { LiveScene } from '../live/live-scene.ts'
import type { LiveStream } from '../live/live-stream.ts'
import { count, shortName, time } from './format.ts'

export function PdcOutputs() {
  const { live, isUtc } = useAppState()
  const outputs = live.streams.flatMap((stream) =>
    [...stream.states].flatMap(([node, state]) =>
      state.pdc ? [{ topic: stream.topic, node, pdc: state.pdc, absence: absenceOf(stream, node, live) }] : [],
    ),
  )
  if (outputs.length === 0) return null
  return (
    <section>
      <h2>PDC outputs</h2>
      <div class="scroll">
        <table class="wide cards">
          <thead>
            <tr>
              <th>output</th>
              <th class="number">complete</th>
              <th class="number">partial</th>
              <th class="number">empty</th>
              <th class="number" title="completed after their moment">
                revised
              </th>
              <th class="number" title="from an instant to its frame, over the last ten seconds">
                latency, mean / p99
              </th>
              <th title="nothing before it comes any more">final until</th>
              <th>went without, could not use</th>
            </tr>
          </thead>
          <tbody>
            {outputs.map(({ topic, node, pdc, absence }) => (
              <tr key={`${topic} ${node}`} class={absence && 'quiet'} data-pdc={topic}>
                <td data-name="output">
                  {shortName(topic)} <span class="quiet">{node}</span>{' '}
                  {absence && <span class="bad">{absence}, told last:</span>}
                </td>
                <td class="number" data-name="complete" data-of="complete">
                  {completeText(pdc)}
                </td>
                <td class="number" data-name="partial">
                  {count(pdc.frames.partial)}
                </td>
                <td class="number" data-name="empty">
                  {count(pdc.frames.empty)}
                </td>
                <td class="number" data-name="revised">
                  {count(pdc.frames.revised)}
                </td>
                <td class="number" data-name="latency, mean / p99">
                  {pdc.latency_ms && !absence
                    ? `${pdc.latency_ms.mean.toFixed(1)} / ${pdc.latency_ms.p99.toFixed(1)} ms`
                    : '–'}
                </td>
                <td data-name="final until">
                  {pdc.final === null ? '–' : time(Date.parse(pdc.final) / 1000, isUtc, 0)}
                </td>
                <td data-name="went without, could not use">{troubleText(pdc) || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}

/** Why its figures are not those of now; empty where they are. A PDC that was killed does not say so, but its node's will does. */
function absenceOf(stream: LiveStream, nodeId: string, live: LiveScene): string {
  const state = stream.confirmed.get(nodeId)
  if (!state) return '□ not known'
  const node = live.nodes.get(state.node)
  if (!state.online || node?.online === false) return '○ offline'
  return node && !live.isConfirmed(state.node) ? '□ not known' : ''
}

function completeText({ frames: { complete, partial, empty } }: PdcFigures): string {
  const all = complete + partial + empty
  return all === 0 ? '–' : `${count(complete)} (${(Math.floor((1e5 * complete) / all) / 1e3).toFixed(3)} %)`
}

const troubleText = ({ missed, unused, errors }: PdcFigures): string =>
  [
    ...Object.entries(missed).map(([input, times]) => `${shortName(input)} ${count(times)}`),
    ...Object.entries({ ...unused, ...errors }).map(([reason, number]) => `${reason} ${count(number)}`),
  ].join(', ')
