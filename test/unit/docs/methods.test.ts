// docs/methods.md has something to say of every row: a method, an allocation, an adapter, a task or a mode that is new is missed there.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { adapterNames, adapterOf } from '../../../src/catalog/adapters/adapters.ts'
import { subsets } from '../../../src/catalog/adapters/subsets.ts'
import { allocationNames, allocationOf } from '../../../src/catalog/allocations/allocations.ts'
import { methodKeyNames } from '../../../src/catalog/methods/keys.ts'
import { methodNames, methodOf } from '../../../src/catalog/methods/methods.ts'
import { modes } from '../../../src/recipe/modes.ts'
import { taskNames } from '../../../src/catalog/tasks/tasks.ts'
import { headingsOf } from '../../support/documentation.ts'

const page = readFileSync(new URL('../../../docs/methods.md', import.meta.url), 'utf8')
const headings = headingsOf(page)

describe('docs/methods.md', () => {
  const titles = [
    ...methodNames.map((name) => methodOf(name).title),
    ...allocationNames.map((name) => allocationOf(name).title),
    ...adapterNames.map((name) => adapterOf(name).title),
    'Perplexity',
  ]
  for (const title of titles)
    it(`has a section on ${title}`, () => {
      assert.ok(headings.some((heading) => heading === title || heading.startsWith(`${title} and `)))
    })

  const words = [...methodNames, ...methodKeyNames, ...subsets, ...modes, ...taskNames]
  for (const word of words.filter((name) => name !== 'perplexity'))
    it(`names ${word} as recipes write it`, () => {
      assert.match(page, new RegExp(`\`(?:mode: )?${word}\``))
    })
})
