import type { MissingFrame } from '../lab/witness.ts'
import type { RunResult } from './fault.ts'
import type { Line } from './line.ts'

/** Whether a run of phasorbus is one that should not be. */
export const isBad = ({ lost, duplicated, differing, account, account_agrees }: RunResult): boolean =>
  lost + duplicated + differing + accountedLost(account) > 0 || account_agrees === false

/** What a consumer says of itself that it lost. */
export const accountedLost = (account: RunResult['account']): number =>
  Object.entries(account ?? {}).reduce((sum, [reason, count]) => sum + (reason.startsWith('lost') ? count : 0), 0)

/** What somebody needs who wants to know why: which frames, and what every process said of itself. */
export async function evidenceOf(line: Line, result: RunResult, missing: readonly MissingFrame[]): Promise<string> {
  const pages = await Promise.all(
    [line.consumer, line.publisher, line.standby].map(async (part) =>
      part ? [`== metrics of ${part.host}`, interesting(await pageOf(line, part.host))] : [],
    ),
  )
  const outputs = [line.consumer, line.publisher, line.standby].flatMap((part) =>
    part ? [`== output of ${part.host}`, part.process.output.slice(-60_000)] : [],
  )
  const brokers = line.brokers.flatMap(({ host, output }) => [`== output of ${host}`, output.slice(-40_000)])
  return [
    JSON.stringify(result, undefined, 2),
    '== missing',
    rangesOf(missing),
    ...pages.flat(),
    ...outputs,
    ...brokers,
    '',
  ].join('\n')
}

async function pageOf(line: Line, host: string): Promise<string> {
  try {
    return await line.metrics(host)
  } catch (error) {
    return String(error)
  }
}

const interesting = (page: string): string =>
  page
    .split('\n')
    .filter((text) => /^phasorbus_/.test(text) && !/ 0$/.test(text))
    .join('\n')

/** Of each stream, from when to when by its writer's clock. */
function rangesOf(missing: readonly MissingFrame[]): string {
  const streams = new Map<string, number[]>()
  for (const { stream, writtenAtMs } of missing) streams.set(stream, [...(streams.get(stream) ?? []), writtenAtMs])
  return [...streams]
    .map(
      ([stream, at]) => `${stream}: ${at.length} from ${Math.min(...at).toFixed(0)} to ${Math.max(...at).toFixed(0)}`,
    )
    .join('\n')
}
