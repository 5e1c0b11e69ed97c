import { z } from 'zod'
import { BrokerConfig, EmbeddedBrokerConfig } from './bus.ts'

/** The broker of a site: the one that comes with phasorbus, or others, nearest first. */
export type Broker =
  | { readonly kind: 'embedded'; readonly settings: EmbeddedBrokerConfig }
  | { readonly kind: 'servers'; readonly servers: readonly BrokerConfig[] }

const brokerUrl = z
  .string()
  .refine(
    (text) => text.includes('://'),
    'no broker URL; write mqtt://HOST:1883, or `embedded` for the one that comes with phasorbus',
  )
  .transform((url): { url: string | string[] } => ({ url }))
  .pipe(BrokerConfig)

const server = z.union([brokerUrl, BrokerConfig])

const embedded = z
  .strictObject({
    embedded: EmbeddedBrokerConfig.describe('the broker inside this process, with these settings'),
  })
  .transform(({ embedded }): Broker => ({ kind: 'embedded', settings: embedded }))

/** As a site or the grid names it. */
export const broker = z
  .union([
    z.literal('embedded').transform((): Broker => ({ kind: 'embedded', settings: EmbeddedBrokerConfig.parse({}) })),
    embedded,
    server.transform((one): Broker => ({ kind: 'servers', servers: [one] })),
    z
      .array(server)
      .min(1)
      .superRefine((servers, context) => {
        const urls = servers.map(({ url }) => String(url))
        for (const [index, url] of urls.entries()) {
          if (urls.indexOf(url) === index) continue
          context.addIssue({
            code: 'custom',
            path: [index],
            message: `${url} stands in this list already; name each broker once`,
          })
        }
      })
      .transform((servers): Broker => ({ kind: 'servers', servers })),
  ])
  .describe('the MQTT broker: `embedded`, a URL, or a list of them, nearest first')
