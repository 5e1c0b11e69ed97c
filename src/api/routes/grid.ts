import type { FastifyInstance } from 'fastify'
import type { RouteDeps } from '../routes.ts'
import { array, integer, object, string } from '../schemas.ts'

const topic = { topic: string } as const

export function addGridRoutes(app: FastifyInstance, { grid }: RouteDeps): void {
  const known = grid ?? { area: '', sites: [] }
  app.get(
    '/api/v1/grid',
    {
      schema: {
        summary: 'Sites of the grid, and what measures there; of simulated PMUs, the network and their places in it.',
        response: {
          200: object(
            {
              area: string,
              sites: array(
                object({
                  site: { type: 'string', description: 'location-type/location-id' },
                  area: string,
                  pmus: array(
                    object({ ...topic, idcode: integer, simulated: object({ bus: integer }) }, ['simulated']),
                  ),
                  pdcs: array(object(topic)),
                  historians: array(object({ id: string, streams: array(string) })),
                }),
              ),
              network: object({
                name: string,
                buses: array(integer),
                branches: array(object({ from: integer, to: integer, closed: { type: 'boolean' } })),
              }),
            },
            ['network'],
          ),
        },
      },
    },
    async () => known,
  )
}
