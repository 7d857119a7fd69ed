import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { withWords, type RecipeGrammar } from '../../../scripts/recipeGrammar.ts'
import { fileURLToPath } from 'node:url'
import { formatMarkdown } from '../../../scripts/formatDocs.ts'
import { l10nBundle } from '../../../scripts/l10nBundle.ts'
import { recipeJsonSchema } from '../../../src/recipe/jsonSchema.ts'
import { cliMarkdown } from '../../../scripts/cliDocs.ts'
import { rulesMarkdown } from '../../../scripts/ruleDocs.ts'
import { settingsMarkdown, type Manifest } from '../../../scripts/settingsDocs.ts'
import { adapterNames } from '../../../src/catalog/adapters/adapters.ts'
import { allocationNames } from '../../../src/catalog/allocations/allocations.ts'
import { methodNames } from '../../../src/catalog/methods/methods.ts'
import { modes } from '../../../src/recipe/modes.ts'
import { taskNames } from '../../../src/catalog/tasks/tasks.ts'
import { rules } from '../../../src/lint/lint.ts'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

describe('npm run generate', () => {
  it('would not change the JSON Schema', () => {
    assert.deepEqual(JSON.parse(read('schemas/recipe.schema.json')), JSON.parse(JSON.stringify(recipeJsonSchema())))
  })

  it('would not change the words of the grammar', () => {
    const grammar = JSON.parse(read('syntaxes/prune-recipe.tmLanguage.json')) as RecipeGrammar
    assert.deepEqual(grammar, withWords(grammar))
    const patterns = grammar.repository.value.patterns.map(({ match }) => match).join()
    for (const word of [...methodNames, ...allocationNames, ...adapterNames, ...modes, ...taskNames])
      assert.match(patterns, new RegExp(`[:|]${word}[|)]`))
  })

  it('would not change the reference of the format', () => {
    assert.equal(read('docs/recipes.md'), formatMarkdown())
  })

  it('would not change the page of commands', () => {
    assert.equal(read('docs/cli.md'), cliMarkdown())
  })

  it('would not change the page of settings', () => {
    const manifest = JSON.parse(read('package.json')) as Manifest
    const texts = JSON.parse(read('package.nls.json')) as Record<string, string>
    assert.equal(read('docs/settings.md'), settingsMarkdown(manifest, texts))
  })

  it('would not change the texts of the extension that can be translated', () => {
    const extension = fileURLToPath(new URL('../../../src/extension', import.meta.url))
    assert.deepEqual(JSON.parse(read('l10n/bundle.l10n.json')), JSON.parse(l10nBundle(extension)))
    assert.equal((JSON.parse(read('package.json')) as { l10n?: string }).l10n, './l10n')
  })

  it('would not change the page of rules, which has every rule', () => {
    const page = read('docs/rules.md')
    assert.equal(page, rulesMarkdown())
    for (const { name, alias } of rules) {
      assert.match(page, new RegExp(`\n## ${name}(?: \\(${alias}\\))?: `))
      for (const word of [name, alias]) assert.ok(page.includes(`<a id="${word.toLowerCase()}"></a>`), word)
    }
  })

  it('describes every key of the format', () => {
    const undescribed: string[] = []
    const walk = (schema: { properties?: Record<string, never>; items?: never }, path: string) => {
      for (const [key, value] of Object.entries(schema.properties ?? {}) as [
        string,
        { markdownDescription?: string },
      ][]) {
        if (!value.markdownDescription) undescribed.push(`${path}.${key}`)
        walk(value as never, `${path}.${key}`)
      }
      if (schema.items) walk(schema.items, `${path}[]`)
    }
    walk(recipeJsonSchema() as never, '')
    assert.deepEqual(undescribed, [])
  })
})
