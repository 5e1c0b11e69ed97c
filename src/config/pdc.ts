/** The PDC of a site: which streams it takes, and what it makes of them. */
import { z } from 'zod'
import { ownLive } from './pmu.ts'
import { recovery } from './recovery.ts'
import { ServerConfig } from './server.ts'
import { simulatedSource } from './simulator.ts'
import { SourceConfig } from './source.ts'
import { isTopicFilter } from './topic-filter.ts'
import { milliseconds, oneOrMore, topicId } from './words.ts'

const { transport, ...session } = SourceConfig.shape
const { listen, ...server } = ServerConfig.shape

const idcode = z.int().min(1).max(65_534)
/** STN of CFG-2 has 16 bytes. */
const stn = z.string().min(1)
const newStn = stn.refine((text) => Buffer.byteLength(text) <= 16, 'STN has 16 bytes at most')
const block = z.union([idcode, stn])

/** Which of an input's PMUs are taken, and what they are called. */
const rules = {
  only: oneOrMore(block).optional().describe('of its PMUs these only, by IDCODE or STN; without it all'),
  drop: oneOrMore(block).optional().describe('PMUs that are left out, by IDCODE or STN'),
  rename: z
    .array(
      z
        .strictObject({
          block: block.describe('the PMU, by the IDCODE or STN that it has'),
          stn: newStn.optional().describe('the STN it gets, 16 bytes at most'),
          idcode: idcode.optional().describe('the IDCODE it gets'),
        })
        .refine(({ stn, idcode }) => stn !== undefined || idcode !== undefined, 'give stn, idcode, or both'),
    )
    .optional()
    .describe('PMUs that get another STN or IDCODE'),
}

const filter = z.string().refine(isTopicFilter, 'neither a stream’s topic nor a filter')
const streamsInput = z.strictObject({
  streams: filter.describe('streams of the bus: PMU/ID of this site, or a whole topic; + and # as in MQTT'),
  ...rules,
})
const deviceInput = z.strictObject({
  id: topicId.describe('its name in logs and metrics'),
  source: z
    .union([simulatedSource, transport])
    .describe(
      'how it is reached: tcp://, tcp+udp://, udp://, udp-spontaneous://HOST:PORT, pcap:PATH, or simulated:BUS',
    ),
  ...session,
  ...rules,
})

/** A filter, or an object: streams of the bus, or a device of which this is the PDC. */
const input = z.union([
  filter.transform((streams): z.output<typeof streamsInput> => ({ streams })),
  streamsInput,
  deviceInput,
])

const waitObject = z.strictObject({
  policy: z
    .enum(['absolute', 'relative', 'arrival'])
    .default('absolute')
    .describe(
      'absolute: an instant goes so long after its own time, by this node’s clock; relative: so long after its first frame came; arrival: no alignment, what came goes (STAT bit 12)',
    ),
  ms: z
    .int()
    .min(0)
    .max(60_000)
    .default(100)
    .describe('longest wait for what is missing; complete instants go at once'),
})

/** Milliseconds of an absolute wait, or an object with more. */
const wait = z
  .union([waitObject.shape.ms.unwrap().transform((ms) => waitObject.parse({ ms })), waitObject])
  .describe('how long an instant waits for inputs that have not come')

const format = {
  coordinates: z.enum(['polar', 'rectangular']).optional().describe('of phasors; without it as they come'),
  numbers: z.enum(['int16', 'float32']).optional().describe('of all values; without it as they come'),
  fullScale: z
    .strictObject({
      voltage: z.number().positive().describe('V'),
      current: z.number().positive().describe('A'),
    })
    .optional()
    .describe('what int16 phasors made of floats can hold; beyond it they are marked absent, and counted'),
  channels: oneOrMore(z.string().min(1)).optional().describe('channels by name (CHNAM); without it all'),
  adjust: z
    .array(
      z.strictObject({
        channel: z.string().min(1).describe('a phasor channel by name (CHNAM)'),
        factor: z.number().positive().optional().describe('its magnitude is multiplied by it'),
        degrees: z.number().min(-360).max(360).optional().describe('added to its angle'),
      }),
    )
    .optional()
    .describe('corrections of phasors, told in CFG-3 and STAT bit 9'),
}

const output = z
  .strictObject({
    id: topicId.describe('producer id: its stream is PDC/ID of this site'),
    idcode: idcode.describe('IDCODE of the stream'),
    dataRate: z
      .int()
      .min(-32_767)
      .max(32_767)
      .refine((rate) => rate !== 0, 'no rate; use frames per second, or a negative number of seconds per frame')
      .describe('DATA_RATE: frames per second; negative: seconds per frame'),
    timeBase: z.int().min(1).max(0xff_ffff).default(1_000_000).describe('TIME_BASE: what a second is counted in'),
    header: z.string().default('phasorbus PDC').describe('text of the HEADER frame'),
    wait: wait.prefault({}),
    leadMs: milliseconds.default(1000).describe('a frame further ahead of the clock is of the future, and not taken'),
    staleMs: milliseconds.default(60_000).describe('a frame further behind the clock is stale, and not taken'),
    silentMs: milliseconds
      .default(2000)
      .describe('an input that sent nothing for so long is not waited for until it does'),
    settleMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(1000)
      .describe('inputs that come or change within so long are one change of the configuration'),
    down: z
      .enum(['reselect', 'nearest', 'filter'])
      .optional()
      .describe(
        'of inputs with a higher rate: the samples at its instants, the nearest, or through an anti-alias filter; reselect by default where the rates divide, else nearest',
      ),
    up: z
      .enum(['hold', 'interpolate'])
      .default('interpolate')
      .describe('of inputs with a lower rate: the sample before, or what is in between'),
    ...format,
    publish: z.boolean().default(true).describe('as a stream of the bus; false: only served'),
    live: ownLive,
    listen: oneOrMore(listen.element)
      .optional()
      .describe('where C37.118 clients take it for a PMU; without it nowhere'),
    ...server,
  })
  .refine(({ dataRate, timeBase }) => dataRate <= timeBase, {
    error: 'TIME_BASE cannot tell so many instants of a second apart',
    path: ['timeBase'],
  })
  .refine(({ publish, listen }) => publish || listen !== undefined, {
    error: 'it goes nowhere: publish it, or give it an address to listen on',
    path: ['publish'],
  })

export const pdc = z
  .strictObject({
    id: topicId.optional().describe('name in logs and metrics; pdc-1, -2 … in the order of the file by default'),
    inputs: oneOrMore(input)
      .prefault(['PMU/#'])
      .describe(
        'where its frames come from: filters over streams of the bus, and devices; the first that names one has it',
      ),
    recovery: recovery.prefault('replay'),
    outputs: z.array(output).min(1).describe('what it makes of them: each a stream of its own'),
  })
  .describe('a phasor data concentrator (IEEE C37.247)')
export type PdcFields = z.output<typeof pdc>
export type PdcInputFields = PdcFields['inputs'][number]
export type PdcOutputFields = PdcFields['outputs'][number]
