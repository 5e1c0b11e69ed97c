import { z } from 'zod'
import { broker } from './broker.ts'
import { historian } from './historian.ts'
import { journal } from './journal.ts'
import { pdc } from './pdc.ts'
import { pdcAdapter } from './pdc-adapter.ts'
import { pmu } from './pmu.ts'
import { location, topicLevel } from './words.ts'

/** A place with devices: what runs there is one process, one node of the bus. */
export const site = z
  .strictObject({
    location: location.describe('location-type/location-id: the middle levels of the site’s topics'),
    area: topicLevel.optional().describe('first level of the site’s topics, where it differs from the file’s'),
    node: topicLevel.default('phasorbus').describe('name of this site’s process on the bus'),
    broker: broker.optional().describe('the broker of this site, where it differs from the grid’s'),
    journal: journal
      .optional()
      .describe('how the frames of its PMUs and PDCs are recorded, where it differs; false: not'),
    pmus: z.array(pmu).default([]).describe('devices that are read and published'),
    pdcs: z.array(pdc).default([]).describe('phasor data concentrators'),
    pdcAdapters: z.array(pdcAdapter).default([]).describe('servers for PDCs'),
    historians: z.array(historian).default([]).describe('stores of what streams say'),
  })
  .describe('a site: its devices and servers')
export type SiteFields = z.output<typeof site>
