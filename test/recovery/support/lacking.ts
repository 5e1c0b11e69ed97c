import { decodeConfiguration } from '../../../src/c37118/index.ts'
import { Epochs } from '../../../src/recovery/epochs.ts'
import { Healing } from '../../../src/recovery/healing.ts'
import type { JournalNodes } from '../../../src/recovery/journal-nodes.ts'
import { Journals } from '../../../src/recovery/journals.ts'
import { StreamLedger } from '../../../src/streams/index.ts'
import { config2, dataAt } from '../../support/blue-pmu.ts'

const configuration = decodeConfiguration([config2])
/** A second after the first frame. */
const NOW_US = 1_217_606_731_000_000

/** A stream that lacks what came between its first frame and its tenth; this node says that it has it. */
export function lacking(nodes: JournalNodes, nodeId: string): Healing {
  const ledger = new StreamLedger()
  ledger.configuration(configuration)
  for (const frame of [dataAt(0), dataAt(9)]) {
    ledger.live(frame, NOW_US)
    ledger.take()
  }
  const epochs = new Epochs()
  epochs.begin([config2])
  const journals = new Journals(nodes)
  journals.heard({ contract: 1, online: true, rate: 50, node: `a/t/l/NODE/${nodeId}`, journal: { from: '', to: '' } })
  return new Healing(
    {
      stream: 'a/t/l/PMU/1',
      ledger,
      epochs,
      journals,
      maxAgeDays: 7,
      room: () => 100,
      give: () => 'done',
      unneeded: () => {},
      unreadable: () => {},
      explain: () => 0,
      reopen: () => 0,
    },
    0,
  )
}
