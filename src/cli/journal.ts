import { Command } from 'commander'
import { exportCommand } from './journal/export.ts'
import { lsCommand } from './journal/ls.ts'
import { verifyCommand } from './journal/verify.ts'

const help = `
FOLDER is a journal, or a folder with journals below it, such as the state folder
of a grid (phasorbus-state beside the grid file). Nothing in it is changed or
locked: a process that keeps the journal may run on.

Below it, AREA/LOCATION-TYPE/LOCATION-ID/PMU/ID/TIME-NUMBER.c37 are segments: raw
frames, configuration first, so \`phasorbus decode FILE\` reads them, and so does
any C37.118 tool. The files beside them are an index and a record of events:
JSON lines of sessions, bytes that could not be used, failed writes. What came
in the last seconds is in commit-*.log.

Examples:
  phasorbus journal ls phasorbus-state
  phasorbus journal verify phasorbus-state
  phasorbus journal export area/substation/1/PMU/765 phasorbus-state --from 2h -o pmu765.pcap`

export function journalCommand(): Command {
  return new Command('journal')
    .summary('look into journals: what is kept, whether it is whole, get it out')
    .description('Look into the journals that PMU-adapters keep of every frame they receive.')
    .addCommand(lsCommand())
    .addCommand(verifyCommand())
    .addCommand(exportCommand())
    .addHelpText('after', help)
}
