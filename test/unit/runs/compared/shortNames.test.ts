// Names that nobody has to think up: what differs, in the field's words, and no more than it takes to tell runs apart.
import assert from 'node:assert/strict'
import { shortNames, withoutSeed } from '../../../../src/runs/compared/shortNames.ts'
import { runFacts, unknownFacts } from '../../../../src/runs/compared/comparedRun.ts'

interface Given {
  method?: string
  sparsity?: unknown
  pattern?: string
  recover?: unknown
  seed?: number
  model?: string
  lr?: number
}

function recipe({ method = 'wanda', sparsity = 0.7, pattern = 'unstructured', ...others }: Given): object {
  const {
    recover = { mode: 'reconstruct', train: ['bias'], lr: others.lr ?? 1e-3 },
    seed = 0,
    model = '../opt',
  } = others
  const calibration = { data: 'c4.jsonl', samples: 128 }
  return { version: 1, model, prune: [{ method, sparsity, pattern }], calibration, seed, recover, save: { to: method } }
}
const names = (...given: Given[]) => shortNames(given.map((one) => ({ name: 'own', recipe: recipe(one) })))
const retrain = (train: string[]) => ({ mode: 'retrain', train, lr: 1e-3 })

describe('short names', () => {
  it('contain what differs and nothing that is the same', () => {
    assert.deepEqual(names({ sparsity: 0.5 }, { sparsity: 0.7 }), ['wanda 50 %', 'wanda 70 %'])
    assert.deepEqual(names({}, { method: 'alps', pattern: '2:4', recover: retrain(['norm']) }), [
      'wanda 70 % · recon',
      'alps 2:4 · retrain',
    ])
    assert.deepEqual(names({ lr: 1e-3 }, { lr: 5e-4 }), ['lr 0.001', 'lr 0.0005'])
    assert.deepEqual(names({ seed: 0 }, { seed: 1 }), ['seed 0', 'seed 1'])
  })

  it('contain what is trained where the recovery modes are the same', () => {
    const dense = { ...retrain(['norm']), loss: { dense: 0.5, temperature: 2 } }
    assert.deepEqual(names({ recover: retrain(['norm']) }, { recover: dense }), ['retrain', 'retrain on dense logits'])
    assert.deepEqual(names({ recover: retrain(['norm']) }, { recover: retrain(['bias', 'norm']) }, { recover: [] }), [
      'retrain norm',
      'retrain bias+norm',
      'no recovery',
    ])
  })

  it('take a further setting only where it distinguishes what the others do not', () => {
    const grid = [0.5, 0.7].flatMap((sparsity) => [1e-3, 1e-4].map((lr) => ({ sparsity, lr })))
    assert.deepEqual(names(...grid).at(-1), 'wanda 70 % · lr 0.0001')
    // The learning rate goes with the sparsity, so that it need not be told.
    assert.deepEqual(names({ sparsity: 0.5, lr: 1e-3 }, { sparsity: 0.7, lr: 1e-4 }), ['wanda 50 %', 'wanda 70 %'])
    const models = [{ model: 'a/opt' }, { model: 'b/smol' }]
    assert.deepEqual(names(...models), ['opt', 'smol'])
  })

  it('are all different: repeats are numbered, and a run with an unknown recipe keeps its own', () => {
    assert.deepEqual(names({}, {}), ['wanda 70 % · recon', 'wanda 70 % · recon #2'])
    const unknown = { name: 'mine', recipe: null }
    assert.deepEqual(shortNames([unknown, { name: 'x', recipe: recipe({}) }, unknown]), [
      'mine',
      'wanda 70 % · recon',
      'mine #2',
    ])
  })

  it('lose their seed where runs that differ by it alone are one', () => {
    const [first] = names({ sparsity: 0.5 }, { sparsity: 0.5, seed: 1 }, { sparsity: 0.7 })
    assert.equal(first, 'wanda 50 % · seed 0')
    assert.equal(withoutSeed(first, 0), 'wanda 50 %')
    assert.equal(withoutSeed(first, 1), first)
  })

  it('are bounded, whatever a recipe holds', () => {
    const hostile = [
      { prune: 'x', recover: 3, seed: { deep: [1] } },
      { prune: [null, { method: 'a'.repeat(1e5), sparsity: [NaN, 'x'] }] },
      { prune: [{ method: 'wanda' }], odd: 'b'.repeat(1e5) },
    ]
    const found = shortNames(hostile.map((one) => ({ name: 'n', recipe: one })))
    assert.equal(new Set(found).size, 3)
    for (const name of found) assert.ok(name.length < 200, name.slice(0, 300))
  })
})

describe('facts of a run', () => {
  it('have the text of the first entry that measures perplexity, without its folders', () => {
    const textOf = (evaluate: unknown) => runFacts({ evaluate }).text
    assert.equal(
      textOf([{ task: 'piqa', data: 'piqa.jsonl' }, { data: '/data/wiki.txt' }, { data: 'c4.txt' }]),
      'wiki.txt',
    )
    assert.equal(textOf({ task: 'perplexity', data: 'c4.txt' }), 'c4.txt')
    assert.deepEqual([textOf([{ task: 'piqa', data: 'piqa.jsonl' }]), textOf(7), textOf(undefined)], ['', '', ''])
  })

  it('name the windows of a text windows, which recipes call samples', () => {
    const of = (samples: number) => ({ name: 'n', recipe: { calibration: { data: 'a', samples } } })
    assert.deepEqual(shortNames([of(8), of(64)]), ['calibration windows 8', 'calibration windows 64'])
  })

  it('are the request: N/M of a pattern, the mean of a list, each mode once', () => {
    const { sparsity, ...facts } = runFacts(
      recipe({ model: 'models/opt-125m', pattern: '2:4', recover: [retrain([]), retrain([])] }),
    )
    assert.equal(sparsity, 0.5)
    assert.deepEqual(facts, {
      model: 'opt-125m',
      method: 'wanda',
      pattern: '2:4',
      recovery: 'retrain',
      seed: 0,
      text: '',
    })
    assert.equal(runFacts(recipe({ sparsity: [0.4, 0.6] })).sparsity, 0.5)
    assert.deepEqual(runFacts(null), unknownFacts)
    assert.deepEqual(runFacts({ prune: 3, seed: 'x', model: 4 }), unknownFacts)
  })
})
