// The JSON Schema of recipes and look-ups in it by path: which completion, hover and the rules on keys use.
import * as z from 'zod'
import type { Path } from './document.ts'
import { recipeSchema } from './schema.ts'

/** The part of JSON Schema that ours uses. */
export interface JsonSchema {
  type?: string
  const?: unknown
  enum?: unknown[]
  default?: unknown
  examples?: unknown[]
  description?: string
  markdownDescription?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  anyOf?: JsonSchema[]
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
  exclusiveMaximum?: number
  [key: string]: unknown
}

let cached: JsonSchema | null = null

/** Draft-07, as checked in beside this file and printed by `sparsescope schema`. */
export function recipeJsonSchema(): JsonSchema {
  cached ??= z.toJSONSchema(recipeSchema, { target: 'draft-7', io: 'input', override: withoutLimits }) as JsonSchema
  return cached
}

/** Removes the limits of JavaScript's integers, which `int` adds and which mean nothing to a user. */
function withoutLimits({ jsonSchema }: { jsonSchema: Record<string, unknown> }): void {
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
}

/** The schema of the value at a path, or null where the format has nothing. */
export function schemaAt(path: Path): JsonSchema | null {
  let schema: JsonSchema | undefined = recipeJsonSchema()
  for (const key of path) {
    if (!schema) return null
    if (typeof key === 'number') schema = alternatives(schema).find((s) => s.items)?.items
    else {
      const map = mapOf(schema)
      const values = map?.additionalProperties
      if (map?.properties && Object.hasOwn(map.properties, key)) schema = map.properties[key]
      else schema = typeof values === 'object' ? values : undefined
    }
  }
  return schema ?? null
}

/** The schemas a value may follow: itself, or each part of `anyOf`. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  return schema.anyOf ?? [schema]
}

/** The form of a value that is a map. */
function mapOf(schema: JsonSchema): JsonSchema | undefined {
  return alternatives(schema).find(({ type }) => type === 'object')
}

/** The keys of the map at a path, with their schemas; null when there is no map there. */
export function propertiesAt(path: Path): Record<string, JsonSchema> | null {
  const schema = schemaAt(path)
  return (schema && mapOf(schema)?.properties) ?? null
}

/** All maps of the format, where a misplaced key may belong. A list is represented by its first item. */
export const sections: readonly Path[] = [
  [],
  ['prune', 0],
  ['calibration'],
  ['recover'],
  ['recover', 'lora'],
  ['evaluate', 0],
  ['save'],
]
