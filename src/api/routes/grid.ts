import type { FastifyInstance } from 'fastify'
import type { RouteDeps } from '../routes.ts'
import { array, integer, object, string } from '../schemas.ts'

const topic = { topic: string } as const
const boolean = { type: 'boolean' } as const

export function addGridRoutes(app: FastifyInstance, { grid }: RouteDeps): void {
  const known = grid ?? { area: '', sites: [] }
  app.get(
    '/api/v1/grid',
    {
      schema: {
        summary: 'Sites of the grid, and what measures there; and the one-line diagram, with the places of PMUs on it.',
        response: {
          200: object(
            {
              area: string,
              sites: array(
                object({
                  site: { type: 'string', description: 'location-type/location-id' },
                  area: string,
                  pmus: array(object({ ...topic, idcode: integer, simulated: boolean, bus: string }, ['bus'])),
                  pdcs: array(object(topic)),
                  historians: array(object({ id: string, streams: array(string) })),
                }),
              ),
              network: object(
                {
                  nominal_v: { type: 'number', description: 'between a phase and earth' },
                  buses: array(string),
                  branches: array(object({ from: string, to: string, closed: boolean })),
                },
                ['nominal_v'],
              ),
            },
            ['network'],
          ),
        },
      },
    },
    async () => known,
  )
}
