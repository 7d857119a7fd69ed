import assert from 'node:assert/strict'
import type { ModelSummary, TensorStats } from '../../../src/protocol/inspect.ts'
import { denseRoles, kindSoFar, roleText, roleTotals, summaryOf } from '../../../webview-ui/inspector/summary.ts'
import { recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

describe('the sentence on how sparse a checkpoint is', () => {
  const model = recordedModel(4)
  type Of = (block: number, module: string) => number
  const broken = { '2:4': { groups: 100, violations: 30 }, '4:8': { groups: 50, violations: 9 } }

  /** Statistics of the matrices by a share of zeros for each. */
  function statsBy(share: Of, more: Partial<TensorStats> = { nm: broken }): Map<string, TensorStats> {
    return new Map(
      recordedStats(model).map((one, i) => {
        const { role, block, module, parameters, name } = model.tensors[i]
        const sparsity = role === 'linear' && block !== null ? share(block, module) : 0
        return [name, { ...one, sparsity, zeros: sparsity * parameters, ...more }]
      }),
    )
  }
  const said = (stats: Map<string, TensorStats>, more: Partial<ModelSummary> = {}, isCounting = false) => {
    const { lead, text } = summaryOf({ ...model, ...more }, stats, isCounting)
    return lead + text
  }

  it('says where zeros rise, fall, or are most and least', () => {
    assert.equal(
      said(statsBy((block) => 0.4 + block / 15)),
      '50.0 % of the block weights are exactly zero, rising from 40 % in the first block to 60 % in the last. No N:M pattern holds.',
    )
    assert.match(said(statsBy((block) => 0.6 - block / 15)), /falling from 60 % in the first block to 40 % in the last/)
    assert.match(said(statsBy((block) => [0.5, 0.7, 0.3, 0.5][block])), /, from 30 % in block 2 to 70 % in block 1\./)
  })

  it('says that all blocks are the same, and which modules differ', () => {
    assert.match(said(statsBy(() => 0.5)), /^50\.0 % of the block weights are exactly zero, the same in every block\./)
    assert.match(said(statsBy((block) => 0.494 + block / 375)), /zero, about the same in every block\./)
    const byModule = said(statsBy((_, module) => (module === 'fc1' ? 0.7 : 0.3)))
    assert.match(byModule, /, in every block from 30 % in self_attn\.q_proj to 70 % in fc1\./)
  })

  it('names the pattern that holds, and in how many matrices', () => {
    const half = { '2:4': { groups: 100, violations: 0 }, '4:8': { groups: 50, violations: 0 } }
    assert.match(said(statsBy(() => 0.5, { nm: half })), /The 2:4 pattern holds in every matrix\.$/)
    const some = statsBy(() => 0.5)
    for (const name of [...some.keys()].filter((one) => one.includes('fc1.weight')))
      some.set(name, { ...(some.get(name) as TensorStats), nm: half })
    assert.match(said(some), /The 2:4 pattern holds in 4 of 24 matrices\.$/)
  })

  it('calls a model dense if its zeros are accidental', () => {
    assert.equal(said(statsBy(() => 0)), 'A dense model: no block weight is exactly zero.')
    const few = statsBy(() => 0.004)
    assert.equal(said(few), 'A dense model: 0.40 % of the block weights happen to be zero.')
    assert.equal(kindSoFar(model.tensors, few), 'dense')
    assert.equal(kindSoFar(model.tensors, new Map()), null)
  })

  it('calls a model dense whose values of 4 bits left many zeros in single matrices', () => {
    const rounded = statsBy((block, module) => (block === 3 && module === 'self_attn.v_proj' ? 0.074 : 0))
    assert.match(said(rounded), /^A dense model: 0\.\d+ % of the block weights happen to be zero\.$/)
    assert.equal(kindSoFar(model.tensors, rounded), 'dense')
  })

  it('calls a model pruned by one pruned matrix, or by a little everywhere', () => {
    const one = statsBy((block, module) => (block === 3 && module === 'self_attn.v_proj' ? 0.5 : 0))
    const little = statsBy(() => 0.05)
    for (const stats of [one, little]) {
      assert.equal(kindSoFar(model.tensors, stats), 'pruned')
      assert.match(said(stats), /of the block weights are exactly zero/)
    }
  })

  it('makes no claim about uncounted tensors', () => {
    assert.equal(said(new Map()), 'The zeros of 24 matrices have not been counted.')
    assert.equal(said(new Map(), {}, true), 'The zeros of 24 matrices are being counted.')
    const first = new Map([...statsBy(() => 0.5)].filter(([name]) => name.includes('layers.0.')))
    assert.equal(said(first), '50.0 % of the block weights counted so far are exactly zero (6 of 24 matrices).')
    const norms = { tensors: model.tensors.filter(({ role }) => role === 'norm') }
    assert.match(said(new Map(), norms), /^No matrices of transformer blocks were recognised/)
  })

  it('says what is missing, unreadable or not a number', () => {
    const problems = [{ message: '2.safetensors is missing', missing: ['a', 'b'] }]
    assert.match(
      said(
        statsBy(() => 0.5),
        { problems },
      ),
      /1 file cannot be opened: 2 tensors of the model are not counted\.$/,
    )
    const [first, ...rest] = [...model.tensors].filter(({ role }) => role === 'linear')
    const packed = { ...first, unreadable: 'F4' }
    assert.match(
      said(
        statsBy(() => 0.5),
        { tensors: [packed, ...rest] },
      ),
      /1 matrix of a type that cannot be read is not counted\.$/,
    )
    assert.match(said(new Map(), { tensors: [packed] }), /^The matrices of the blocks cannot be read\./)
    const bad = statsBy(() => 0.5)
    bad.set(first.name, { ...(bad.get(first.name) as TensorStats), nonFinite: 12 })
    assert.match(said(bad), /12 weights are NaN or infinite\.$/)
  })

  it('shows the zeros of other roles, or that they are not counted', () => {
    const stats = statsBy(() => 0.5)
    const others = roleTotals(model, stats).filter(({ role }) => role !== 'linear')
    assert.deepEqual(others.map(roleText), ['Embeddings 0 %', 'Norms 0 %', 'Biases 0 %'])
    assert.deepEqual(denseRoles(others), ['embeddings', 'norms', 'biases'])
    const none = roleTotals(model, new Map()).filter(({ role }) => role !== 'linear')
    assert.equal(roleText(none[0]), 'Embeddings not counted')
    assert.deepEqual(denseRoles(none), [])
  })
})
