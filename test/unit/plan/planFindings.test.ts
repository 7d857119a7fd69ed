import assert from 'node:assert/strict'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { viewModel } from '../../../src/plan/modelView.ts'
import { findingLine } from '../../../src/plan/planFinding.ts'
import { lookAtData, type PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { planRun, pruneEntries } from '../../../src/plan/runPlan.ts'
import { resolvePruneStep, resolveRecipe } from '../../../src/recipe/resolve.ts'
import type { PruneStep, Recipe } from '../../../src/recipe/schema.ts'
import { optConfig } from '../../support/recipeFacts.ts'

const opt = viewModel(readModelConfig(optConfig))
const partOf = viewModel({ ...opt.config, isPart: true })
const calibration = { data: 'a.jsonl', seq_len: 64 }

const planned = (recipe: Partial<Recipe>, model = opt) => {
  const resolved = resolveRecipe({ version: 1, model: 'm', calibration, ...recipe }, model.config)
  const { plan, findings } = planRun(resolved, model)
  const refused = findings.filter((finding) => finding.refused).map((finding) => findingLine(resolved, finding))
  assert.equal(plan === null, refused.length > 0)
  return { refused, findings }
}
const accepts = (...prune: PruneStep[]) => assert.deepEqual(planned({ prune }).refused, [])

describe('a plan names the place and what to do when it refuses', () => {
  const cases: [what: string, recipe: Partial<Recipe>, line: RegExp, model?: typeof opt][] = [
    [
      'N:M where the inputs are not divisible',
      { prune: [{ pattern: '2:5' }] },
      /^prune\.0\.pattern: Groups of 5 do not fit \S+q_proj \(64 inputs\).* ignore them or choose another pattern\.$/,
    ],
    [
      'column blocks that split a group',
      { prune: [{ method: 'sparsegpt', pattern: '2:4', block_size: 6 }] },
      /^prune\.0\.block_size: .* 6 is not a multiple of 4: set it to 8\.$/,
    ],
    [
      'a scope that the method does not know',
      { prune: [{ method: 'alps', scope: 'global' }] },
      /^prune\.0\.scope: alps does not support scope global: write tensor or row\.$/,
    ],
    [
      'an allocation beside N:M',
      { prune: [{ pattern: '2:4', allocation: 'owl' }] },
      /^prune\.0\.allocation: .* but 2:4 fixes it: remove one of them\.$/,
    ],
    [
      'depth beside N:M',
      { prune: [{ pattern: '2:4', allocation: 'depth' }] },
      /^prune\.0\.allocation: .* but 2:4 fixes it: remove one of them\.$/,
    ],
    [
      'depth of a list',
      { prune: [{ sparsity: [0.4, 0.5], allocation: 'depth' }] },
      /^prune\.0\.allocation: .* needs one number/,
    ],
    [
      'a spread that is too wide',
      { prune: [{ sparsity: 0.8, allocation: 'depth', depth: { spread: 0.3 } }] },
      /^prune\.0\.depth\.spread: .* write less than 0\.2\.$/,
    ],
    [
      'an allocation of a list',
      { prune: [{ sparsity: [0.4, 0.5], allocation: 'owl' }] },
      /^prune\.0\.allocation: .* needs one number/,
    ],
    [
      'targets that match nothing',
      { prune: [{ targets: ['fc9'] }] },
      /^prune\.0\.targets\.0: fc9 matches no module of the model\. Names look like model\.decoder\.layers\.0/,
    ],
    [
      'a regular expression that does not begin at the start',
      { prune: [{ targets: ['re:fc1'] }] },
      /^prune\.0\.targets\.0: re:fc1 matches nothing, .* re:\.\*fc1 matches 12 modules\.$/,
    ],
    [
      'targets that are never pruned',
      { prune: [{ targets: ['model.decoder.embed_tokens'] }] },
      /^prune\.0\.targets\.0: .* an embedding, which is not pruned: name linears/,
    ],
    [
      'a step whose ignore leaves nothing',
      { prune: [{ ignore: ['re:.*'] }] },
      /^prune\.0\.ignore: ignore leaves nothing .*: narrow it/,
    ],
    [
      'a matrix in two steps',
      { prune: [{ sparsity: 0.3 }, { sparsity: 0.4, targets: ['re:.*fc1'] }] },
      /^prune\.1\.targets: Step 1 prunes \S+fc1 and 11 more, which step 0 already prunes with other settings: narrow one of them\.$/,
    ],
    [
      'methods that need data without',
      { prune: [{ method: 'wanda' }], calibration: undefined },
      /^prune\.0\.method: wanda needs calibration data: add calibration\.$/,
    ],
    [
      'reconstruction without pruning',
      { recover: { train: ['norm'] } },
      /^recover\.mode: Mode reconstruct fits pruned weights .*: add prune, or use mode retrain\.$/,
    ],
    [
      'retraining without data',
      { recover: [{ mode: 'retrain', data: 'a', seq_len: 8 }, { mode: 'retrain' }] },
      /^recover\.1\.mode: Retraining needs data: add data to recover\.$/,
    ],
    [
      'windows beyond learned positions',
      { evaluate: [{ data: 'b', seq_len: 1e5 }] },
      /^evaluate\.0\.seq_len: This model has \d+ positions, 100000 are needed: lower seq_len\.$/,
    ],
    [
      'two adapters',
      { recover: { mode: 'retrain', data: 'a', train: ['mask_lora', 'scale_lora'] } },
      /^recover\.train: A linear can carry one adapter, .*: keep one\.$/,
    ],
    [
      'the head of a part whose head is its embedding',
      { recover: { mode: 'retrain', data: 'a', train: ['head'] } },
      /^recover\.train\.0: .* cannot be saved untied: remove it\.$/,
      partOf,
    ],
  ]
  for (const [what, recipe, line, model] of cases)
    it(what, () => {
      const { refused } = planned(recipe, model)
      assert.match(refused[0] ?? '', line)
    })
})

describe('a name with a wildcard', () => {
  const fixesOf = (step: PruneStep) =>
    planned({ prune: [step] }).findings.map(({ rule, fixes }) => [rule, ...(fixes ?? []).map(({ value }) => value)])

  it('as a target is rewritten as the regular expression that matches those modules', () => {
    for (const [entry, better] of [
      ['layers.*.fc1', String.raw`re:.*layers\..*\.fc1$`],
      ['*.self_attn.*', String.raw`re:.*\.self_attn\..*$`],
    ]) {
      assert.deepEqual(fixesOf({ targets: [entry] }), [['target-matches-nothing', better]])
      accepts({ targets: [better] })
    }
  })

  it('of ignore is rewritten too, or removed', () => {
    const better = String.raw`re:.*layers\.1\..*\.v_proj$`
    assert.deepEqual(fixesOf({ ignore: ['layers.1.*.v_proj'] }), [['ignore-matches-nothing', better, undefined]])
  })

  it('that matches nothing in either way has no such fix', () => {
    for (const [rule, ...values] of fixesOf({ targets: ['layers.*.fc9'] })) {
      assert.equal(rule, 'target-matches-nothing')
      assert.ok(values.every((value) => !String(value).includes('*')))
    }
  })
})

describe('a plan accepts', () => {
  it('any N:M that divides the inputs', () => accepts({ pattern: '1:2' }, { pattern: '1:2' }))

  it('a scope that N:M and methods with a group of their own have no use for', () => {
    accepts({ method: 'alps', scope: 'global', pattern: '2:4' })
    accepts({ method: 'sparsegpt', scope: 'global' })
  })

  it('targets where only some match nothing, and says so', () => {
    const { refused, findings } = planned({ prune: [{ targets: ['Linear', 'fc9'] }] })
    assert.deepEqual(refused, [])
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['target-matches-nothing'],
    )
  })

  it('a linear in two steps that prune in the same way: it has it once', () => {
    const linears = ['a', 'b'].map((name, block) => ({ name, block, className: 'Linear', parameters: 1 }))
    const steps = [{ sparsity: 0.3 }, { sparsity: 0.3, targets: ['b'] }].map((step) => resolvePruneStep(step))
    assert.deepEqual(
      pruneEntries(steps, linears, 2).map(({ sparsities }) => [...sparsities.keys()]),
      [['a', 'b'], []],
    )
    accepts({ sparsity: 0.3 }, { sparsity: 0.3, targets: ['re:.*fc1'] })
  })

  it('Wanda and SparseGPT look at data, magnitude and random do not', () => {
    const of = (method: PruneEntry['method']) => pruneEntries([resolvePruneStep({ method })], [], 1)
    assert.deepEqual(
      (['magnitude', 'random', 'wanda', 'sparsegpt'] as const).map((m) => lookAtData(of(m))),
      [false, false, true, true],
    )
  })
})
