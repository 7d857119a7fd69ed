// Writes what is made from the source and checked in: the recipe's JSON Schema, its reference, the pages of lint rules, of
// commands and of settings, what package.json contributes of views and tools, the words of the recipes' grammar, and the tables of
// docs/performance.md and README.md, and the texts of the extension that can be translated.
// `npm run generate`; a test fails when they are not fresh.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { tsImport } from 'tsx/esm/api'
import { withTools } from './toolManifest.mjs'
import { withViews } from './viewManifest.mjs'

const root = new URL('..', import.meta.url)
const load = (path) => tsImport(new URL(path, root).href, import.meta.url)

const { recipeJsonSchema } = await load('src/recipe/jsonSchema.ts')
const { formatMarkdown } = await load('scripts/formatDocs.ts')
const { rulesMarkdown } = await load('scripts/ruleDocs.ts')
const { cliMarkdown } = await load('scripts/cliDocs.ts')
const { withCounted } = await load('bench/gpu/counting/tables.ts')
const { settingsMarkdown } = await load('scripts/settingsDocs.ts')
const { withSizes } = await load('bench/realModel/sizesTable.ts')
const { withWords } = await load('scripts/recipeGrammar.ts')
const { l10nBundle } = await load('scripts/l10nBundle.ts')
const { views } = await load('src/protocol/view.ts')
const { tools } = await load('src/agents/tools.ts')
const { toolPrefix } = await load('src/extension/contributions.ts')

const read = (path) => readFileSync(new URL(path, root), 'utf8')
const json = (path) => JSON.parse(read(path))
const grammar = 'syntaxes/prune-recipe.tmLanguage.json'
const viewed = withViews(json('package.json'), json('package.nls.json'), views)
const { manifest, texts } = withTools(viewed.manifest, viewed.texts, tools, toolPrefix)

const generated = [
  ['schemas/recipe.schema.json', `${JSON.stringify(recipeJsonSchema(), null, 2)}\n`],
  ['docs/recipes.md', formatMarkdown()],
  ['docs/rules.md', rulesMarkdown()],
  ['docs/cli.md', cliMarkdown()],
  ['docs/settings.md', settingsMarkdown(manifest, texts)],
  ['docs/performance.md', withCounted(read('docs/performance.md'))],
  ['README.md', withSizes(read('README.md'))],
  [grammar, `${JSON.stringify(withWords(json(grammar)), null, 2)}\n`],
  ['l10n/bundle.l10n.json', l10nBundle(fileURLToPath(new URL('src/extension', root)))],
  ['package.json', JSON.stringify(manifest)],
  ['package.nls.json', JSON.stringify(texts)],
]
for (const [path, text] of generated) writeFileSync(new URL(path, root), text)
const made = generated.map(([path]) => path)
spawnSync('node_modules/.bin/oxfmt', made, { cwd: fileURLToPath(root), stdio: 'inherit' })
console.log(`wrote ${made.join(', ')}`)
