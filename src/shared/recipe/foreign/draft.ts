// A recipe that is being made of another tool's, and what is noted on the way.
import type { Json, JsonMap } from './dialect.ts'

export interface Note {
  path: (string | number)[]
  /** Says what was left out or guessed. */
  message: string
}

/** A recipe under construction: checked against the schema at the end. */
export type Draft = { [key: string]: Json | undefined }

export function withoutUndefined(map: Draft): JsonMap {
  return Object.fromEntries(Object.entries(map).filter((e): e is [string, Json] => e[1] !== undefined))
}
