// Descriptions of keys in the schema, and types that many keys share.
import * as z from 'zod'

/** Relative to the recipe. */
export const path = z.string().min(1)
export const count = z.int().min(1).max(1e9)
export const rate = z.number().min(0).max(1e6)

interface More {
  readonly default?: unknown
  readonly examples?: unknown[]
  readonly pattern?: string
}

/** Shown by hover and completion, and written into the JSON Schema. */
export const about = (markdownDescription: string, more: More = {}) => ({
  description: markdownDescription.replace(/[`*]/g, ''),
  markdownDescription,
  ...more,
})

/** A key that may be left out. */
export function optional<T extends z.ZodType>(type: T, text: string, more?: More): z.ZodOptional<T> {
  return z.optional(type.meta(about(text, more)))
}
