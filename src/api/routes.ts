import type { FastifyInstance } from 'fastify'
import type { Historian } from '../historian/index.ts'
import type { GridJson } from './grid-json.ts'
import { Places } from './places.ts'
import { addAccountRoutes } from './routes/accounts.ts'
import { addConfigurationRoutes } from './routes/configurations.ts'
import { addFrameRoutes } from './routes/frames.ts'
import { addGridRoutes } from './routes/grid.ts'
import { addRangeRoutes } from './routes/range.ts'
import { addStreamRoutes } from './routes/streams.ts'
import { failure } from './schemas.ts'

export interface RouteDeps {
  readonly historian: Historian
  /** What a viewer may know of the grid. */
  readonly grid?: GridJson | undefined
  readonly places: Places
}

/** All of them read only. */
export function addRoutes(app: FastifyInstance, deps: Omit<RouteDeps, 'places'>): void {
  const all: RouteDeps = { ...deps, places: new Places() }
  app.addHook('onRoute', ({ schema }) => {
    if (schema) schema.response = { ...(schema.response as object), '4xx': failure, '5xx': failure }
  })
  app.get('/api/v1/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  addStreamRoutes(app, all)
  addAccountRoutes(app, all)
  addRangeRoutes(app, all)
  addFrameRoutes(app, all)
  addConfigurationRoutes(app, all)
  addGridRoutes(app, all)
}
