import { Command, type CommanderError } from 'commander'
import { suggest } from '../config/suggest.ts'
import { type CliError, usageError } from './cli-error.ts'
import { ExitCode, exitCodesHelp } from './exit-codes.ts'
import { verbs } from './verbs.ts'

const intro = `Synchrophasors (IEEE C37.118.2) over publish/subscribe.

PMU-adapters read PMUs and publish their frames, unchanged, on an MQTT bus;
PDC-adapters serve them to PDCs as if they were the PMUs.`

const outro = `
Examples:
  phasorbus demo                                       # see it work, nothing else needed
  phasorbus connect tcp://10.0.0.7:4712 --idcode 765   # look at a PMU
  phasorbus check grid.yaml && phasorbus run grid.yaml
  phasorbus tap 'south-italy-113/+/+/PMU/#'            # watch every PMU of an area

More: phasorbus help VERB, help configuration, help exit-codes`

/** The program with one verb loaded; the others are there by name only, for the list. */
export async function createProgram(version: string, asked: string | undefined): Promise<Command> {
  const program = new Command('phasorbus')
    .description(intro)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', outro)
    .showSuggestionAfterError()

  for (const verb of verbs) {
    if (verb.name === asked) program.addCommand(await verb.load())
    else program.command(verb.name).description(verb.summary)
  }
  throwInsteadOfExit(program)
  return program
}

/** The verb that these arguments ask for, also as `help VERB`. */
export function verbOf(args: readonly string[]): string | undefined {
  const words = args.filter((arg) => !arg.startsWith('-'))
  return words[0] === 'help' ? words[1] : words[0]
}

/** `phasorbus help TOPIC` beside `help VERB`. */
export const helpTopics: Readonly<Record<string, () => Promise<string>>> = {
  'exit-codes': async () => exitCodesHelp,
  configuration: async () => (await import('./help-configuration.ts')).configurationHelp(),
}

/** `help` of something that there is no help on; undefined if there is. */
export function unknownTopic([first, topic]: readonly string[]): CliError | undefined {
  if (first !== 'help' || topic === undefined || topic.startsWith('-')) return undefined
  const known = [...verbs.map(({ name }) => name), ...Object.keys(helpTopics), 'help']
  if (known.includes(topic)) return undefined
  const meant = suggest(topic, known)
  const hint = `${meant === undefined ? '' : `did you mean ${meant}? `}phasorbus --help lists what there is`
  return usageError(`there is no help on ${topic}`, hint)
}

/** commander's own ends, as our exit codes: what it printed is all there is to say. */
export function exitCodeOf(error: CommanderError): ExitCode {
  return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage
}

function throwInsteadOfExit(command: Command): void {
  const name = command.parent ? `${command.parent.name()} ${command.name()}` : command.name()
  command
    .exitOverride()
    .showHelpAfterError(`  ${name} --help shows how it is meant, with examples`)
    .configureOutput({ outputError: (text, write) => write(asOurs(text)) })
  for (const child of command.commands) throwInsteadOfExit(child)
}

/** commander's words in the form of all our errors: who speaks, then a line each, indented. */
function asOurs(text: string): string {
  return text
    .replace(/^error: /, 'phasorbus: ')
    .replace(/command-argument value ('.*') is invalid for argument '(\w+)'\. /, '$2 $1 is invalid: ')
    .replace(/^\(Did you mean (.*)\)$/m, '  did you mean $1')
}
