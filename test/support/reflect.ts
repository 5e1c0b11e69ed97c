/**
 * As much of `reflect-metadata` as @peculiar/x509 needs: its injector asks for
 * it when it is loaded, and stores one kind of metadata per class.
 */
const metadata = new WeakMap<object, Map<unknown, unknown>>()

const own = (key: unknown, target: object): unknown => metadata.get(target)?.get(key)

Object.assign(Reflect, {
  defineMetadata(key: unknown, value: unknown, target: object) {
    const known = metadata.get(target) ?? new Map<unknown, unknown>()
    metadata.set(target, known.set(key, value))
  },
  getOwnMetadata: own,
  getMetadata: (key: unknown, target: object): unknown =>
    own(key, target) ?? own(key, Object.getPrototypeOf(target) ?? {}),
})
