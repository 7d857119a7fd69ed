// What the schema says of a key.

/** Shown by hover and completion, and written into the JSON Schema. */
export const about = (
  markdownDescription: string,
  more: { default?: unknown; examples?: unknown[]; pattern?: string } = {},
) => ({
  description: markdownDescription.replace(/[`*]/g, ''),
  markdownDescription,
  ...more,
})
