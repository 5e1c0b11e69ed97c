export { CaptureError, type CaptureFault } from './capture-error.ts'
export { type CaptureFormat, CaptureReader, type PacketSink, type ReaderReport } from './capture-reader.ts'
export {
  ConfigurationBook,
  type ConfigurationOrigin,
  configurationsIn,
  type FoundDecoder,
} from './configuration-book.ts'
export type { DirectionStats } from './direction-frames.ts'
export type { Direction, Endpoint, Flow, FlowSink } from './flow.ts'
export { FlowAssembler, type FlowAssemblerOptions, type FlowCounts } from './flow-assembler.ts'
export {
  type CaptureReport,
  type FlowStats,
  FrameExtractor,
  type FrameExtractorOptions,
  type FrameSink,
} from './frame-extractor.ts'
export { LinkType, type Packet } from './packet.ts'
export { type TcpFields, tcpPacket, udpPacket } from './packet-builder.ts'
export { PcapWriter, type PcapWriterOptions } from './pcap-writer.ts'
