import { z } from 'zod'
import { address } from './address.ts'
import { broker } from './broker.ts'
import { LiveConfig } from './bus.ts'
import { journal } from './journal.ts'
import { network } from './network.ts'
import { simulatorSettings } from './simulator.ts'
import { site } from './site.ts'
import { oneOrMore, topicLevel } from './words.ts'

/** The whole of a grid.yaml, without what it includes. Types, defaults and docs/grid.schema.json come from here. */
export const gridFile = z
  .strictObject({
    version: z.literal(1).default(1).describe('version of this file format'),
    area: topicLevel.describe('first level of every topic, such as south-italy-113'),
    include: oneOrMore(z.string().min(1))
      .optional()
      .describe('files with further sites, relative to this one; * and ? as in a shell'),
    broker: broker.prefault('embedded').describe('the broker of every site that names none'),
    live: LiveConfig.prefault({}).describe('how live frames are published'),
    journal: journal.prefault({}).describe('how frames are recorded at the sites that say nothing else; false: not'),
    state: z
      .string()
      .min(1)
      .optional()
      .describe(
        'folder for what must survive a restart (journals, accounts); $STATE_DIRECTORY, or phasorbus-state beside this file, by default',
      ),
    metrics: z
      .strictObject({
        listen: address(9464).describe(
          'HOST:PORT on which /metrics (Prometheus) and /healthz answer; port 9464 by default',
        ),
      })
      .optional()
      .describe('metrics of the process'),
    simulator: simulatorSettings,
    network: network.optional(),
    sites: z.array(site).default([]).describe('the sites; they may stand in included files too'),
  })
  .describe('phasorbus grid file')
export type GridFile = z.output<typeof gridFile>
