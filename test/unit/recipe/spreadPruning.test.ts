import assert from 'node:assert/strict'
import { errorCurves } from '../../../src/shared/analysis/allocateByError.ts'
import type { MeasuredModule } from '../../../src/shared/analysis/analysis.ts'
import { pruneEntries } from '../../../src/shared/plan/pruneEntries.ts'
import { parseRecipe } from '../../../src/shared/lint/parse.ts'
import { resolvePruneStep } from '../../../src/shared/recipe/resolve.ts'
import type { AllocateBy } from '../../../src/shared/allocations/allocateBy.ts'
import { spreadPruning, type CurvesOf } from '../../../src/shared/analysis/spreadPruning.ts'
import { inAllStyles } from '../../support/recipeStyles.ts'

const numBlocks = 4
const modules = Array.from({ length: numBlocks }, (_, block) => block).flatMap((block) =>
  [['attn.q', 100] as const, ['mlp.up', 300] as const].map(([rest, parameters]) => {
    return { name: `model.layers.${block}.${rest}`, className: 'Linear', block, parameters }
  }),
)
/** Later blocks lose more; each error grows tenfold from 50 to 70 %. */
const analysis = modules.map(({ name, block }): MeasuredModule => {
  const errors = [0.5, 0.7].map((sparsity) => ({ method: 'wanda', sparsity, pattern: 'unstructured', error: 0.01 * 1.5 ** block * 10 ** ((sparsity - 0.5) / 0.2) })) // prettier-ignore
  return { name, block, activation: null, sensitivity: null, errors }
})
const curvesOf: CurvesOf = (own, method) => {
  const sizes = new Map(own.map(({ name, parameters }) => [name, parameters]))
  return errorCurves(analysis.filter(({ name }) => sizes.has(name)), (name) => sizes.get(name) ?? 0, () => method) // prettier-ignore
}

const recipe = `# mine
version: 1
model: ./m
prune:
  - method: wanda # cheap
    sparsity: 0.6
calibration: { data: a.txt, samples: 8, seq_len: 64 } # few
`

const spread = (text: string, by: AllocateBy = 'error') => spreadPruning(text, modules, numBlocks, by, curvesOf)

function changed(text: string, by: AllocateBy = 'error'): string {
  const result = spread(text, by)
  assert.equal(result.problem, undefined)
  const next = result.problem === undefined ? result.text : ''
  assert.deepEqual(parseRecipe(next).findings.filter(({ severity }) => severity === 'error'), [], next) // prettier-ignore
  return next
}

function entriesOf(text: string) {
  return pruneEntries((parseRecipe(text).recipe?.prune ?? []).map(resolvePruneStep), modules, numBlocks)
}

function meanOf(text: string, entry = 0): number {
  const own = [...entriesOf(text)[entry].sparsities].map(([name, s]) => ({ s, size: modules.find((m) => m.name === name)?.parameters ?? 0 })) // prettier-ignore
  return own.reduce((sum, { s, size }) => sum + s * size, 0) / own.reduce((sum, { size }) => sum + size, 0)
}

describe('spreading the sparsity of a recipe over the blocks', () => {
  it('by error: every block loses the same, the mean stays, and so does the rest of the text', () => {
    const text = changed(recipe)
    const [{ sparsities }] = entriesOf(text)
    const lost = modules.map(
      ({ name, block }) => 0.01 * 1.5 ** block * 10 ** (((sparsities.get(name) ?? 0) - 0.5) / 0.2),
    )
    for (const error of lost) assert.ok(Math.abs(error / lost[0] - 1) < 2e-3, `${lost}`)
    assert.ok((sparsities.get(modules[0].name) ?? 0) > (sparsities.get(modules[7].name) ?? 1))
    assert.ok(Math.abs(meanOf(text) - 0.6) < 1e-4)
    for (const comment of ['# mine', '# cheap', '# few']) assert.ok(text.includes(comment))
    assert.ok(Math.abs(meanOf(changed(text)) - 0.6) < 2e-4, 'again, from the list')
  })

  it('to an allocation and back: the mean stays, and nothing of the other is left', () => {
    const owl = changed(changed(recipe), 'owl')
    assert.match(owl, /sparsity: 0\.6\n/)
    assert.equal(parseRecipe(owl).recipe?.prune?.[0].allocation, 'owl')
    const tuned = owl.replace('allocation: owl', 'allocation: owl\n    owl: {threshold: 7}')
    const back = changed(tuned)
    assert.ok(!back.includes('owl') && !back.includes('threshold'), back)
    assert.ok(Math.abs(meanOf(back) - 0.6) < 1e-4)
  })

  for (const [style, text] of inAllStyles(recipe))
    it(`a recipe ${style} stays one, and changes like any other`, () => {
      const lists = changed(text)
      assert.ok(Math.abs(meanOf(lists) - 0.6) < 1e-4, lists)
      assert.ok(Math.abs(meanOf(changed(lists)) - 0.6) < 2e-4, 'again, from the list')
      assert.equal(parseRecipe(changed(lists, 'owl')).recipe?.prune?.[0].allocation, 'owl')
    })

  it('each entry has a mean of its own, over its own blocks', () => {
    const two = recipe.replace(/ {2}- method[^]*?(?=calibration)/, '  - {method: wanda, sparsity: 0.5, targets: ["re:.*layers\\\\.[01]\\\\."]}\n  - {method: wanda, sparsity: 0.7, targets: ["re:.*layers\\\\.[23]\\\\."]}\n') // prettier-ignore
    const text = changed(two)
    assert.ok(Math.abs(meanOf(text, 0) - 0.5) < 1e-4 && Math.abs(meanOf(text, 1) - 0.7) < 1e-4, text)
    const [first, second] = entriesOf(text)
    const at = (entry: typeof first, block: number) => entry.sparsities.get(`model.layers.${block}.mlp.up`) ?? 0
    assert.ok(at(first, 0) > at(first, 1) && at(second, 2) > at(second, 3), text)
  })

  it('says why where nothing can be spread, and which method nobody has measured', () => {
    const problemOf = (text: string, by?: AllocateBy) => spread(text, by).problem ?? ''
    assert.match(problemOf(recipe.replace('sparsity: 0.6', 'pattern: "2:4"')), /2:4 fixes/)
    assert.match(problemOf(recipe.replace('sparsity: 0.6', 'sparsity: 0.6\n    scope: global').replace('wanda', 'magnitude')), /global/) // prettier-ignore
    assert.match(problemOf('version: 1\nmodel: ./m\n', 'owl'), /prunes nothing/)
    assert.match(problemOf('prune: ['), /prunes nothing/)
    assert.match(problemOf(recipe.replace('sparsity: 0.6', 'sparsity: 0.6\n    targets: [none]')), /match no matrix/)
    const unmeasured = spread(recipe.replace('wanda', 'sparsegpt'))
    assert.ok(unmeasured.problem !== undefined && unmeasured.unmeasured === 'sparsegpt')
    assert.equal(spread(recipe.replace('wanda', 'sparsegpt'), 'owl').problem, undefined)
  })
})
