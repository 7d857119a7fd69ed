import assert from 'node:assert/strict'
import fc from 'fast-check'
import { parseRecipe } from '../../../../src/shared/lint/parse.ts'
import { plannedSparsity } from '../../../../src/shared/analysis/plannedSparsity.ts'
import { writePlanned, type Wanted } from '../../../../src/shared/analysis/writePlanned.ts'
import { inAllStyles } from '../../../support/recipeStyles.ts'
import { planModel } from '../../../support/planModel.ts'

const dense = planModel(['attn.q', 'attn.out', 'mlp.up', 'mlp.down'], 5)
const experts = planModel(['attn.q', 'mlp.experts.0.up', 'mlp.experts.1.up'], 4)
const model = dense

const recipe = `# mine
version: 1
model: ./m
prune: # these
  - method: wanda # cheap
    sparsity: 0.5 # half
calibration: { data: a.txt, samples: 8, seq_len: 64 } # few
`
const split = `version: 1
model: ./m
prune:
  - { method: wanda, sparsity: [0.4, 0.6], targets: ['re:.*attn'], ignore: [lm_head, 're:.*\\.1\\.attn\\.q$'] }
  # the MLP
  - method: wanda
    sparsity: 0.7 # most
    targets:
      - re:.*mlp\\.up$ # up
      - re:.*mlp\\.down$ # down
calibration: { data: a.txt, samples: 8, seq_len: 64 } # few
`
const mixed = `version: 1
model: ./m
prune:
  - {method: wanda, pattern: "2:4", targets: ['re:.*\\.attn\\..*']}
  - {method: sparsegpt, sparsity: 0.5, targets: ['re:.*\\.up$'], dampening: 0.02}
calibration: {data: a.txt, samples: 8, seq_len: 64}
`

function read(text: string, of = model) {
  const found = plannedSparsity(text, of)
  assert.ok(!('problem' in found), 'problem' in found ? `${found.problem}\n${text}` : '')
  return found
}

function written(text: string, wanted: Wanted, of = model): string {
  const result = writePlanned(text, of, wanted)
  assert.equal(result.problem, undefined, text)
  return result.problem === undefined ? result.text : ''
}

const { name: firstQ } = dense.modules[0]
const where = (test: (name: string) => boolean, sparsity: number | null): Wanted =>
  new Map(dense.modules.filter(({ name }) => test(name)).map(({ name }) => [name, sparsity]))
const prunePart = /prune:[^]*?(?=calibration)/
const entriesOf = (text: string) => parseRecipe(text).recipe?.prune ?? []

/** What people draw: few values, by block, by column, single ones, or all different. */
function wantedMaps(of: typeof model): fc.Arbitrary<Wanted> {
  const share = fc.oneof(
    fc.constant(null),
    fc.integer({ min: 100, max: 9500 }).map((n) => n / 1e4),
  )
  const columns = [...new Set(of.modules.map(({ column }) => column))]
  const list = (length: number) => fc.array(share, { minLength: length, maxLength: length })
  return fc.oneof(
    list(of.numBlocks).map((values) => new Map(of.modules.map(({ name, block }) => [name, values[block]]))),
    list(columns.length).map(
      (values) => new Map(of.modules.map(({ name, column }) => [name, values[columns.indexOf(column)]])),
    ),
    list(of.modules.length).map((values) => new Map(of.modules.map(({ name }, i) => [name, values[i]]))),
    fc
      .subarray(of.modules.map(({ name }) => name))
      .chain((names) => share.map((value) => new Map(names.map((name) => [name, value])))),
  )
}

describe('writing planned sparsities into a recipe', () => {
  for (const [what, text, of] of [
    ['one entry', recipe, dense],
    ['entries with lists, targets and ignore', split, dense],
    ['a model of experts', recipe, experts],
    ['fixed entries beside', mixed, dense],
  ] as const)
    it(`${what}: what was written is read again, also after a second change; the text outside prune stays`, () => {
      fc.assert(
        fc.property(wantedMaps(of), wantedMaps(of), (...maps) => {
          let now: string = text
          for (const wanted of maps) {
            const before = read(now, of)
            const result = writePlanned(now, of, wanted)
            if (result.problem !== undefined) {
              const left = of.modules.filter(({ name }) =>
                wanted.get(name) === undefined ? before.sparsities.has(name) : wanted.get(name) !== null,
              )
              assert.equal(left.length, 0, `${result.problem}\n${now}`)
              continue
            }
            const after = read(result.text, of)
            for (const { name } of of.modules) {
              const asked = wanted.get(name)
              const kept = asked === undefined || (asked !== null && before.fixed.has(name))
              const expected = kept ? before.sparsities.get(name) : (asked ?? undefined)
              const found = after.sparsities.get(name)
              const agrees = expected === undefined ? found === undefined : Math.abs((found ?? 0) - expected) < 1e-3
              assert.ok(agrees, `${name}: ${String(found)} for ${String(expected)}\n${result.text}`)
            }
            assert.equal(result.text.replace(prunePart, ''), text.replace(prunePart, ''))
            now = result.text
          }
        }),
        { numRuns: 15 },
      )
    })

  it('one number stays one number; one entry; comments stay', () => {
    const text = written(
      recipe,
      where(() => true, 0.6),
    )
    assert.equal(text, recipe.replace('0.5', '0.6'))
    const back = written(
      written(
        recipe,
        where((name) => name === firstQ, 0.3),
      ),
      where(() => true, 0.5),
    )
    assert.equal(back, recipe)
  })

  it('by block is a list over the depth, and a straight line its two ends', () => {
    const byBlock = new Map(dense.modules.map(({ name, block }) => [name, [0.3, 0.5, 0.4, 0.5, 0.6][block]]))
    assert.deepEqual(
      entriesOf(written(recipe, byBlock)).map(({ sparsity }) => sparsity),
      [[0.3, 0.5, 0.4, 0.5, 0.6]],
    )
    const line = new Map(dense.modules.map(({ name, block }) => [name, 0.4 + 0.05 * block]))
    assert.deepEqual(
      entriesOf(written(recipe, line)).map(({ sparsity }) => sparsity),
      [[0.4, 0.6]],
    )
  })

  it('by column is an entry for each sparsity, with the column as its target', () => {
    const text = written(
      recipe,
      where((name) => name.endsWith('mlp.down'), 0.3),
    )
    assert.deepEqual(
      entriesOf(text).map(({ sparsity, targets, ignore }) => ({ sparsity, targets, ignore })),
      [
        { sparsity: 0.5, targets: undefined, ignore: ['re:.*\\.mlp\\.down$'] },
        { sparsity: 0.3, targets: ['re:.*\\.mlp\\.down$'], ignore: undefined },
      ],
    )
    assert.ok(text.includes('# cheap') && text.includes('# half'))
  })

  it('a list over the depth with one matrix apart is that list and one entry by name', () => {
    const wanted = new Map(
      dense.modules.map(({ name, block }) => [name, name === firstQ ? 0.9 : 0.3 + 0.02 * block ** 2]),
    )
    const entries = entriesOf(written(recipe, wanted))
    assert.deepEqual(
      entries.map(({ targets }) => targets),
      [undefined, [firstQ]],
    )
  })

  it('entries that are given different sparsities stay apart, with their comments', () => {
    const wanted = new Map(dense.modules.map(({ name }) => [name, name.includes('attn') ? 0.2 : 0.3]))
    const text = written(split, new Map([...wanted].filter(([name]) => !/\.1\.attn\.q$/.test(name))))
    for (const comment of ['# the MLP', '# most', '# up', '# down', 'lm_head']) assert.ok(text.includes(comment), text)
    assert.deepEqual(
      entriesOf(text).map(({ sparsity }) => sparsity),
      [0.2, 0.3],
    )
  })

  it('an allocation that is measured goes where sparsities are drawn, and stays where nothing changes', () => {
    const owl = recipe.replace('sparsity: 0.5', 'sparsity: 0.5\n    allocation: owl\n    owl: { spread: 0.1 }')
    assert.equal(written(owl, new Map()), owl)
    const text = written(
      owl,
      where((name) => name.includes('.0.'), 0.4),
    )
    assert.ok(!text.includes('owl'), text)
  })

  for (const [style, text] of inAllStyles(recipe.replace('sparsity: 0.5', 'sparsity: 0.5\n    ignore: [x]')))
    it(`a recipe ${style} stays one`, () => {
      const some = where((name) => name.includes('.0.') || name.endsWith('up'), 0.4)
      const next = written(text, some)
      for (const { name } of dense.modules)
        assert.equal(read(next).sparsities.get(name), some.has(name) ? 0.4 : 0.5, next)
      assert.equal(
        read(
          written(
            next,
            where((name) => some.has(name), null),
          ),
        ).sparsities.size,
        dense.modules.length - some.size,
      )
    })

  it('entries that share their values by an anchor are refused rather than changed together', () => {
    const shared = recipe.replace(
      /prune:[^]*?(?=calibration)/,
      'prune:\n  - &a {method: wanda, sparsity: 0.5, targets: [model.layers.0.attn.q]}\n  - {<<: *a, targets: [model.layers.1.attn.q]}\n',
    )
    const result = writePlanned(
      shared,
      model,
      where((name) => name === firstQ, 0.4),
    )
    assert.ok(result.problem !== undefined || read(result.text).sparsities.get('model.layers.1.attn.q') === 0.5)
  })

  it('says why it cannot: nothing is pruned, nothing would be, the recipe has errors', () => {
    assert.match(String(writePlanned('version: 1\nmodel: ./m\n', model, new Map()).problem), /prunes nothing/)
    assert.match(
      String(
        writePlanned(
          recipe,
          model,
          where(() => true, null),
        ).problem,
      ),
      /prune nothing/,
    )
    assert.match(String(writePlanned(`${recipe}nonsense: 1\n`, model, new Map()).problem), /cannot be read/)
  })
})
