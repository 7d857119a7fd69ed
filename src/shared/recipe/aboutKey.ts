// Descriptions of keys in the schema, and types that many keys share.
import * as z from 'zod'

/** Relative to the recipe. */
export const path = z.string().min(1)
export const count = z.int().min(1).max(1e9)
export const rate = z.number().min(0).max(1e6)

/** Shown by hover and completion, and written into the JSON Schema. */
export const about = (
  markdownDescription: string,
  more: { default?: unknown; examples?: unknown[]; pattern?: string } = {},
) => ({
  description: markdownDescription.replace(/[`*]/g, ''),
  markdownDescription,
  ...more,
})
