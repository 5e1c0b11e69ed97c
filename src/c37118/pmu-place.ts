import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { PmuConfiguration } from './configuration.ts'
import { FrameError } from './frame-error.ts'
import { sameBytes } from './names.ts'
import { floats, viewOf } from './unit-words.ts'

type Place = Required<
  Pick<PmuConfiguration, 'latitude' | 'longitude' | 'elevation' | 'serviceClass' | 'windowUs' | 'groupDelayUs'>
> &
  Pick<PmuConfiguration, 'locationBytes'>

const LOCATION_SIZE = 12

/*
  CFG-3 place and class => PMU_LAT PMU_LON PMU_ELEV SVC_CLASS WINDOW GRP_DLY
    PMU_LAT, PMU_LON  => FLOAT32  degrees, WGS-84; infinity: not said
    PMU_ELEV          => FLOAT32  metres; infinity: not said
    SVC_CLASS         => UINT8    ASCII M or P
    WINDOW, GRP_DLY   => INT32    microseconds
*/
export function decodePlace(reader: ByteReader): Place {
  const bytes = reader.bytes(LOCATION_SIZE)
  const location = decodeLocation(bytes)
  const kept = sameBytes(encodeLocation(location), bytes) ? {} : { locationBytes: bytes }
  return {
    ...location,
    ...kept,
    serviceClass: String.fromCharCode(reader.uint8()),
    windowUs: reader.int32(),
    groupDelayUs: reader.int32(),
  }
}

export function encodePlace(writer: ByteWriter, pmu: PmuConfiguration): void {
  const { serviceClass = 'M', windowUs = 0, groupDelayUs = 0, locationBytes: kept } = pmu
  writer.bytes(kept?.length === LOCATION_SIZE && says(kept, pmu) ? kept : encodeLocation(pmu))
  const code = serviceClass.charCodeAt(0)
  if (serviceClass.length !== 1 || code > 0xff) {
    throw new FrameError(
      { code: 'FIELD_BAD_TEXT', field: 'SVC_CLASS', value: serviceClass },
      `SVC_CLASS is one character, M or P, not "${serviceClass}"`,
    )
  }
  writer.uint8(code, 'SVC_CLASS')
  writer.int32(windowUs, 'WINDOW')
  writer.int32(groupDelayUs, 'GRP_DLY')
}

type Location = Pick<Place, 'latitude' | 'longitude' | 'elevation'>

function decodeLocation(bytes: Uint8Array): Location {
  const view = viewOf(bytes)
  return { latitude: view.getFloat32(0), longitude: view.getFloat32(4), elevation: view.getFloat32(8) }
}

const encodeLocation = ({
  latitude = Number.POSITIVE_INFINITY,
  longitude = Number.POSITIVE_INFINITY,
  elevation = Number.POSITIVE_INFINITY,
}: Partial<Location>): Uint8Array => floats(latitude, longitude, elevation)

function says(bytes: Uint8Array, pmu: PmuConfiguration): boolean {
  const { latitude, longitude, elevation } = decodeLocation(bytes)
  return Object.is(latitude, pmu.latitude) && Object.is(longitude, pmu.longitude) && Object.is(elevation, pmu.elevation)
}
