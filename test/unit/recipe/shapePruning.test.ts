import assert from 'node:assert/strict'
import { pruneEntries } from '../../../src/shared/plan/pruneEntries.ts'
import { parseRecipe } from '../../../src/shared/lint/parse.ts'
import { resolvePruneStep } from '../../../src/shared/recipe/resolve.ts'
import { shapePruning, targetsFor, type Shape } from '../../../src/shared/recipe/shapePruning.ts'
import { inAllStyles } from '../../support/recipeStyles.ts'

const names = ['attn.q', 'attn.out', 'mlp.up', 'mlp.down']
const modules = [0, 1, 2, 10].flatMap((block) =>
  names.map((rest) => ({ name: `model.layers.${block}.${rest}`, className: 'Linear', block })),
)
const of = (test: (name: string) => boolean) => new Set(modules.map(({ name }) => name).filter(test))

const recipe = `# mine
version: 1
model: ./m
prune:
  - method: wanda # cheap
    sparsity: 0.5
calibration: { data: a.txt, samples: 8, seq_len: 64 } # few
`

/** Sparsity by module, as the recipe now says; absent where it leaves one alone. */
function sparsities(text: string): Map<string, number> {
  const { recipe: parsed, findings } = parseRecipe(text)
  assert.deepEqual(findings.filter(({ severity }) => severity === 'error'), [], text) // prettier-ignore
  const entries = pruneEntries((parsed?.prune ?? []).map(resolvePruneStep), modules, 11)
  const all = entries.flatMap((entry) => [...entry.sparsities])
  assert.equal(new Set(all.map(([name]) => name)).size, all.length, `none is in two entries:\n${text}`)
  return new Map(all)
}

function shaped(text: string, chosen: ReadonlySet<string>, shape: Shape): string {
  const result = shapePruning(text, modules, chosen, shape)
  assert.equal(result.problem, undefined)
  return result.problem === undefined ? result.text : ''
}

describe('shaping the pruning of a recipe', () => {
  for (const [what, chosen] of [
    ['blocks', of((name) => /layers\.(1|10)\./.test(name))],
    ['columns', of((name) => /mlp\.down$/.test(name))],
    ['single matrices', of((name) => /layers\.0\.attn\.q|layers\.2\.mlp\.up/.test(name))],
  ] as const) {
    it(`${what}: less, again less, more, and alone; the others stay, and so do comments`, () => {
      const expect = (text: string, sparsity: number | undefined) => {
        const found = sparsities(text)
        for (const { name } of modules)
          assert.equal(found.get(name), chosen.has(name) ? sparsity : 0.5, `${name}\n${text}`)
        for (const comment of ['# mine', '# cheap', '# few']) assert.ok(text.includes(comment))
      }
      const less = shaped(recipe, chosen, 'less')
      expect(less, 0.45)
      expect(shaped(less, chosen, 'less'), 0.4)
      expect(shaped(shaped(less, chosen, 'more'), chosen, 'more'), 0.55)
      expect(shaped(less, chosen, 'leave'), undefined)
      expect(shaped(recipe, chosen, 'leave'), undefined)
    })
  }

  it('all of an entry moves its own number, in whatever style it is written', () => {
    const flow = recipe.replace(/prune:[^]*?(?=calibration)/, 'prune: [{method: wanda}]\n')
    for (const text of [recipe, flow, ...inAllStyles(recipe).map(([, text]) => text)]) {
      const more = shaped(
        text,
        of(() => true),
        'more',
      )
      assert.ok([...sparsities(more).values()].every((sparsity) => sparsity === 0.55))
      assert.equal(parseRecipe(more).recipe?.prune?.length, 1)
    }
  })

  for (const [style, text] of inAllStyles(recipe.replace('sparsity: 0.5', 'sparsity: 0.5\n    ignore: [x]')))
    it(`a recipe ${style} takes another entry, and stays one`, () => {
      const some = of((name) => name.includes('.0.'))
      const less = shaped(shaped(text, some, 'less'), some, 'less')
      for (const [name, sparsity] of sparsities(less)) assert.equal(sparsity, some.has(name) ? 0.4 : 0.5, less)
      assert.equal(sparsities(shaped(less, some, 'leave')).size, modules.length - some.size)
    })

  it('a selection over two entries changes both, and keeps their methods and keys', () => {
    const two = shaped(recipe.replace('wanda # cheap', 'sparsegpt # cheap\n    block_size: 64'), of((name) => name.includes('.0.')), 'less') // prettier-ignore
    const both = shaped(two, of((name) => /layers\.(0|1)\./.test(name)), 'less') // prettier-ignore
    const found = sparsities(both)
    for (const { name, block } of modules) assert.equal(found.get(name), block === 0 ? 0.4 : block === 1 ? 0.45 : 0.5, both) // prettier-ignore
    assert.ok(parseRecipe(both).recipe?.prune?.every((step) => step.method === 'sparsegpt' && step.block_size === 64))
  })

  it('says why where the recipe has no number to move, or nothing would be left', () => {
    const one = of((name) => name === 'model.layers.0.attn.q')
    const problemOf = (text: string, chosen = one, shape: Shape = 'less') =>
      shapePruning(text, modules, chosen, shape).problem
    assert.match(problemOf(recipe.replace('sparsity: 0.5', 'pattern: "2:4"')) ?? '', /2:4 fixes/)
    assert.match(problemOf(recipe.replace('0.5', '[0.4, 0.6]')) ?? '', /list over depth/)
    assert.match(problemOf(`${recipe.replace('0.5', '0.5\n    allocation: owl')}`) ?? '', /allocation/)
    assert.match(problemOf('version: 1\nmodel: ./m\n') ?? '', /prunes nothing/)
    assert.match(
      problemOf(
        recipe,
        of(() => true),
        'leave',
      ) ?? '',
      /prune nothing/,
    )
    assert.match(problemOf(shaped(recipe, one, 'leave')) ?? '', /alone already/)
    assert.match(problemOf('prune: [') ?? '', /prunes nothing/)
  })

  it('sparsities stay between 0.05 and 0.95', () => {
    const all = of(() => true)
    const down = Array.from({ length: 20 }).reduce<string>((text) => shaped(text, all, 'less'), recipe)
    assert.ok([...sparsities(down).values()].every((sparsity) => sparsity === 0.05))
  })

  it('targets name blocks and columns by a pattern that matches no other', () => {
    assert.deepEqual(targetsFor([...of((name) => name.includes('.1.'))], modules), ['re:model\\.layers\\.(1)\\.'])
    assert.deepEqual(targetsFor(['model.layers.0.attn.q'], modules), ['model.layers.0.attn.q'])
  })
})
