// Checks of values from files, which also define the values' types. zod is not used: it is slow where a hundred thousand lines are
// checked, and large in a web page.
import { isRecord } from './json.ts'

export type Check<T> = (value: unknown) => value is T
export type Checked<C> = C extends Check<infer T> ? T : never
type Shape = Readonly<Record<string, Check<unknown>>>
type OptionalIn<S extends Shape> = { [K in keyof S]: undefined extends Checked<S[K]> ? K : never }[keyof S]
export type Fields<S extends Shape> = { [K in Exclude<keyof S, OptionalIn<S>>]: Checked<S[K]> } & {
  [K in OptionalIn<S>]?: Checked<S[K]>
}

export const text = (value: unknown): value is string => typeof value === 'string'
export const number = (value: unknown): value is number => typeof value === 'number'
export const flag = (value: unknown): value is boolean => typeof value === 'boolean'

export const oneOf =
  <const T extends string>(values: readonly T[]): Check<T> =>
  (value): value is T =>
    values.includes(value as T)

export const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value): value is T | null =>
    value === null || check(value)

export const optional =
  <T>(check: Check<T>): Check<T | undefined> =>
  (value): value is T | undefined =>
    value === undefined || check(value)

export const list =
  <T>(check: Check<T>): Check<readonly T[]> =>
  (value): value is readonly T[] =>
    Array.isArray(value) && value.every(check)

export const record =
  <T>(check: Check<T>): Check<Record<string, T>> =>
  (value): value is Record<string, T> =>
    isRecord(value) && Object.values(value).every(check)

/** Checks the fields of an object. Other keys are allowed. */
export function fields<S extends Shape>(shape: S): Check<Fields<S>> {
  const checks = Object.entries(shape)
  return (value): value is Fields<S> => isRecord(value) && checks.every(([key, check]) => check(value[key]))
}
