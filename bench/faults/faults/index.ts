import type { Fault } from '../fault.ts'
import { bridgeCut, clusterSplit, nodeKilled } from './clusters.ts'
import { failover } from './failover.ts'
import { adapterKilled, brokerKilled, consumerKilled } from './kills.ts'
import { packetLoss } from './packet-loss.ts'
import { partitionAdapter, partitionConsumer, partitionSite } from './partitions.ts'
import { crashRun, mirroringRun } from './thesis-runs.ts'

/** In the order of a report. */
export const faults: readonly Fault[] = [
  brokerKilled,
  adapterKilled,
  consumerKilled,
  failover,
  partitionConsumer,
  partitionAdapter,
  partitionSite,
  nodeKilled,
  clusterSplit,
  bridgeCut,
  packetLoss,
  crashRun,
  mirroringRun,
]
