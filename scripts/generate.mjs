// Writes what is made from the source and checked in: the recipe's JSON Schema, its reference, the page of lint rules and the one of commands.
// `npm run generate`; a test fails when they are not fresh.
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { tsImport } from 'tsx/esm/api'

const root = new URL('..', import.meta.url)
const load = (path) => tsImport(new URL(path, root).href, import.meta.url)

const { recipeJsonSchema } = await load('src/shared/recipe/jsonSchema.ts')
const { formatMarkdown } = await load('src/shared/recipe/formatDocs.ts')
const { rulesMarkdown } = await load('src/shared/lint/ruleDocs.ts')
const { cliMarkdown } = await load('scripts/cliDocs.ts')

for (const [path, text] of [
  ['src/shared/recipe/recipe.schema.json', `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`],
  ['docs/recipes.md', formatMarkdown()],
  ['docs/rules.md', rulesMarkdown()],
  ['docs/cli.md', cliMarkdown()],
]) {
  const file = fileURLToPath(new URL(path, root))
  const json = path.endsWith('.json')
  writeFileSync(file, json ? await format(text, { ...(await resolveConfig(file)), parser: 'json' }) : text)
  console.log(`wrote ${path}`)
}
