// Keys of a pruning step that only some methods take.
import { andList } from '../formatting/lists.ts'
import { methodKeyNames, methodKeys, type MethodKey } from '../catalog/methods/keys.ts'
import { methodOf, methodsWith } from '../catalog/methods/methods.ts'
import { count, optional, rate } from './aboutKey.ts'

/** A key with the default that they share, or each its own in words. */
function methodKey(key: MethodKey) {
  const { kind, about: text } = methodKeys[key]
  const takers = methodsWith(key)
  const values = takers.map((name) => methodOf(name).keys[key])
  const shared = values.every((value) => value === values[0])
  const own = shared ? '' : ` Default: ${takers.map((name, i) => `${values[i]} for ${name}`).join(', ')}.`
  const more = shared ? { default: values[0] } : {}
  return optional(kind === 'count' ? count : rate, `${text} For ${andList(takers)}.${own}`, more)
}

export const methodKeyShape = Object.fromEntries(methodKeyNames.map((key) => [key, methodKey(key)])) as Record<
  MethodKey,
  ReturnType<typeof methodKey>
>
