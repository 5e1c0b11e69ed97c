/** What the grid file says of the area. */
import type { GridJson } from '../../../src/api/answers.ts'
import { get } from './client.ts'

export type Network = NonNullable<GridJson['network']>
export type GridPmu = GridJson['sites'][number]['pmus'][number]

export const getGrid = (signal?: AbortSignal): Promise<GridJson> => get('grid', {}, signal)
