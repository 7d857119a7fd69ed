// The reference of the recipe format, from its schema.
import { alternatives, recipeJsonSchema } from '../src/recipe/jsonSchema.ts'
import type { JsonSchema } from '../src/recipe/jsonSchema.ts'

/** Markdown: one section for each map of the format, one entry for each key. */
export function formatMarkdown(): string {
  return `${introduction}\n${sectionsOf(recipeJsonSchema(), '').join('\n')}`
}

const introduction = `# Recipe format

A recipe is a YAML 1.2 file \`NAME.prune.yaml\` (JSON is YAML too) that describes one run. Paths are relative to it. \`version\`
and \`model\` are required, all else has a default. An unknown key is an error; a key that does not apply to the chosen
method or mode is ignored with a warning. [rules.md](rules.md) lists what lint finds. Sparsity is a fraction, lengths are
in tokens.

This page is made from the schema by \`npm run generate\`; \`sparsescope schema\` prints the schema itself.
`

function sectionsOf(schema: JsonSchema, path: string): string[] {
  const entries = Object.entries(schema.properties ?? {})
  const own = entries.map(([key, value]) => entry(key, value, schema.required?.includes(key) ?? false))
  const inner = entries.flatMap(([key, value]) => {
    const forms = alternatives(value)
    const isList = forms.every(({ type }) => type === 'array')
    const map = forms.map((form) => (form.items ? form.items : form)).find((form) => form.properties)
    return map ? sectionsOf(map, `${path}${path && '.'}${key}${isList ? '[]' : ''}`) : []
  })
  const title = path === '' ? '## Top level' : `## \`${path}\``
  return [`${title}\n\n${own.join('\n')}\n`, ...inner]
}

function entry(key: string, schema: JsonSchema, required: boolean): string {
  const fallback = schema.default === undefined ? '' : ` · default \`${JSON.stringify(schema.default)}\``
  const text = (schema.markdownDescription ?? '').replaceAll('\n- ', '\n  - ')
  return `- **\`${key}\`** · ${kindOf(schema)}${required ? ' · required' : ''}${fallback}\n  ${text}`
}

function kindOf(schema: JsonSchema): string {
  return [...new Set(alternatives(schema).map(oneKind))].join(' or ')
}

function oneKind(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((word) => `\`${String(word)}\``).join(', ')
  if (schema.const !== undefined) return `\`${String(schema.const)}\``
  if (schema.type === 'array') return schema.items ? `list of ${oneKind(schema.items)}` : 'list'
  const words: Record<string, string> = {
    integer: 'whole number',
    string: 'text',
    object: 'map',
    boolean: 'true or false',
  }
  return words[schema.type ?? ''] ?? schema.type ?? 'any value'
}
