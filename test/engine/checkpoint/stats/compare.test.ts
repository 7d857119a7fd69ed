import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { maskFileName, writeMaskFile } from '../../../../src/engine/checkpoint/maskFile.ts'
import { compareCheckpoints } from '../../../../src/engine/checkpoint/stats/compareCheckpoints.ts'
import { f32ToBf16 } from '../../../../src/engine/dtype.ts'
import { maskOfZeros } from '../../../../src/engine/prune/mask.ts'
import type { CompareSummary } from '../../../../src/protocol/inspect.ts'
import { f32, safetensors, type TestTensor } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'
import { storedMasks } from '../../../support/storedMasks.ts'

const linear = 'model.layers.0.mlp.up_proj.weight'
const norm = 'model.layers.0.input_layernorm.weight'

function bf16(shape: number[], values: number[]): TestTensor {
  return { dtype: 'BF16', shape, data: new Uint8Array(Uint16Array.from(values, f32ToBf16).buffer) }
}

describe('compareCheckpoints', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  async function compare(a: Record<string, TestTensor>, b: Record<string, TestTensor>): Promise<CompareSummary> {
    temp.write('a/model.safetensors', safetensors(a))
    temp.write('b/model.safetensors', safetensors(b))
    const [first, second] = [await openCheckpoint(temp.path('a')), await openCheckpoint(temp.path('b'))]
    try {
      return await compareCheckpoints(first, second)
    } finally {
      await first.close()
      await second.close()
    }
  }

  it('finds equal checkpoints equal', async () => {
    const tensors = { [linear]: f32([2, 2], [0, 1, 2, 0]) }
    const summary = await compare(tensors, tensors)
    assert.deepEqual(summary, {
      added: [],
      removed: [],
      reshaped: [],
      changed: [],
      same: 1,
      maskPreserved: true,
      verdict: 'A and B hold the same values.',
    })
  })

  it('counts filled and new zeros, and the largest difference', async () => {
    const { changed, maskPreserved, verdict } = await compare(
      { [linear]: f32([2, 4], [0, -0, 1, 2, 3, 4, 0, 5]) },
      { [linear]: f32([2, 4], [0, 9, 1, 2, 0, 0, -0, 6]) },
    )
    assert.deepEqual([changed[0].maxAbs, changed[0].filled, changed[0].emptied], [9, 1, 2])
    assert.equal(changed[0].drift, Math.sqrt((81 + 9 + 16 + 1) / (1 + 4 + 9 + 16 + 25)))
    assert.equal(maskPreserved, false)
    assert.match(verdict, /B fills 1 of 1 matrices, 1 pruned weights/)
  })

  it('calls the mask preserved while only kept weights move', async () => {
    const { changed, maskPreserved, verdict } = await compare(
      { [linear]: f32([2, 2], [0, 1, 2, 0]), [norm]: f32([2], [0, 1]) },
      { [linear]: f32([2, 2], [-0, 5, 2, 0]), [norm]: f32([2], [3, 1]) },
    )
    assert.equal(changed.length, 2)
    assert.equal(maskPreserved, true)
    assert.match(verdict, /mask is preserved.*2 tensors changed/)
  })

  it('claims nothing of a matrix whose type it cannot read', async () => {
    const packed: TestTensor = { dtype: 'F4', shape: [2, 2], data: new Uint8Array([0x12, 0x34]) }
    const pruned = { [linear]: f32([2, 2], [0, 1, 2, 0]) }
    for (const [a, b] of [
      [pruned, { [linear]: packed }],
      [{ [linear]: packed }, pruned],
    ]) {
      const { maskPreserved, verdict } = await compare(a, b)
      assert.equal(maskPreserved, false)
      assert.match(verdict, /cannot be confirmed: .* in a type that cannot be read/)
    }
    // A dense matrix has no zero that could be lost.
    const dense = await compare({ [linear]: f32([2, 2], [3, 1, 2, 4]) }, { [linear]: packed })
    assert.equal(dense.maskPreserved, null)
  })

  it('compares values where the element types differ', async () => {
    const values = [0, 1, -2.5, 0]
    const same = await compare({ [linear]: f32([2, 2], values) }, { [linear]: bf16([2, 2], values) })
    assert.deepEqual([same.changed.length, same.same], [0, 1])
    const rounded = await compare({ [linear]: f32([2, 2], [0, 1.001, -2.5, 0]) }, { [linear]: bf16([2, 2], values) })
    assert.ok(Math.abs(rounded.changed[0].maxAbs - 0.001) < 1e-7)
    assert.equal(rounded.maskPreserved, true)
  })

  it('does not call −0 in the place of 0 a change, nor NaN in the place of NaN', async () => {
    const { changed } = await compare(
      { [linear]: f32([2, 2], [0, NaN, Infinity, 1]), x: f32([1], [NaN]) },
      { [linear]: f32([2, 2], [-0, NaN, Infinity, 1]), x: f32([1], [1]) },
    )
    assert.deepEqual(
      changed.map((c) => [c.name, c.maxAbs]),
      [['x', Infinity]],
    )
  })

  it('reports tensors that cannot be read as numbers as different, and continues with the rest', async () => {
    const bytes = (data: ArrayBufferView, dtype: string, shape: number[]) => ({
      dtype,
      shape,
      data: new Uint8Array(data.buffer),
    })
    const large = (by: bigint) => bytes(BigInt64Array.of(2n ** 60n + by, -3n), 'I64', [2])
    const complex = (by: number) => bytes(Float32Array.of(1, by), 'C64', [1])
    const { changed, same, maskPreserved } = await compare(
      { large: large(0n), equal: large(7n), complex: complex(0), [linear]: f32([2, 2], [0, 1, 2, 0]) },
      { large: large(1n), equal: large(7n), complex: complex(1), [linear]: f32([2, 2], [0, 1, 2, 3]) },
    )
    assert.deepEqual(
      changed.map(({ name, maxAbs, filled }) => [name, maxAbs, filled]),
      [
        ['large', Infinity, 0],
        ['complex', Infinity, 0],
        [linear, 3, 1],
      ],
    )
    assert.deepEqual([same, maskPreserved], [1, false])
  })

  it('lists added and removed tensors, and changed shapes', async () => {
    const { added, removed, reshaped, maskPreserved, verdict } = await compare(
      { x: f32([1], [1]), [linear]: f32([2, 2], [0, 1, 2, 3]) },
      { y: f32([1], [1]), [linear]: f32([4, 1], [0, 1, 2, 3]) },
    )
    assert.deepEqual([added, removed, reshaped], [['y'], ['x'], [linear]])
    assert.equal(maskPreserved, false)
    assert.match(verdict, /lacks 1 of 1/)
  })

  it('uses the explicit mask: a kept weight that is zero by chance may move, a pruned one may not', async () => {
    const a = { [linear]: f32([2, 2], [0, 0, 1, 2]) }
    const mask = new Map([[linear, maskOfZeros([0, 1, 1, 1], 2, 2)]])
    temp.write('a/x', '')
    await writeMaskFile(temp.path('a', maskFileName), storedMasks(mask))
    const kept = await compare(a, { [linear]: f32([2, 2], [0, 7, 1, 2]) })
    assert.deepEqual([kept.maskPreserved, kept.changed[0].filled], [true, 1])
    assert.equal((await compare(a, { [linear]: f32([2, 2], [7, 0, 1, 2]) })).maskPreserved, false)
  })

  it('has no mask to compare where A prunes no weight that B has', async () => {
    const dense = { [linear]: f32([2, 2], [3, 1, 2, 4]), [norm]: f32([2], [0, 1]) }
    const pruned = await compare(dense, { ...dense, [linear]: f32([2, 2], [0, 0, 2, 4]) })
    assert.equal(pruned.maskPreserved, null)
    assert.match(pruned.verdict, /^B is A pruned: 50\.00 % .*nothing was refilled; 1 tensor changed/)
    const moved = await compare(dense, { ...dense, [linear]: f32([2, 2], [5, 1, 2, 4]) })
    assert.equal(moved.maskPreserved, null)
    assert.match(moved.verdict, /nothing to compare: A's 1 matrices have no zeros; 1 tensor changed/)
    const apart = await compare({ [linear]: f32([2, 2], [0, 1, 2, 4]) }, { x: f32([1], [0]) })
    assert.equal(apart.maskPreserved, null)
    assert.match(apart.verdict, /Nothing to compare: .*no tensor in common/)
    const norms = await compare({ [norm]: f32([2], [0, 1]) }, { [norm]: f32([2], [0, 1]) })
    assert.match(norms.verdict, /nothing to compare: A has no matrices/)
  })

  it('treats a mask that prunes nothing as no mask, whatever is zero by chance', async () => {
    const a = { [linear]: f32([2, 33], new Float32Array(66)) }
    temp.write('a/x', '')
    for (const pruned of [null, 32, 65]) {
      const bits = Array.from({ length: 66 }, (_, i) => (i === pruned ? 0 : 1))
      await writeMaskFile(temp.path('a', maskFileName), storedMasks([[linear, maskOfZeros(bits, 2, 33)]]))
      assert.equal((await compare(a, a)).maskPreserved, pruned === null ? null : true)
    }
  })

  it('refuses a mask of another shape', async () => {
    temp.write('a/x', '')
    await writeMaskFile(temp.path('a', maskFileName), storedMasks([[linear, maskOfZeros([0, 1], 1, 2)]]))
    const a = { [linear]: f32([2, 2], [0, 0, 1, 2]) }
    await assert.rejects(compare(a, { [linear]: f32([2, 2], [0, 7, 1, 2]) }), /1 × 2 weights there/)
  })

  it('reads the mask of a transposed matrix the other way round', async () => {
    const config = { model_type: 'gpt2', n_embd: 2, n_layer: 1, n_head: 1, n_positions: 4, vocab_size: 3, n_inner: 4 }
    temp.write('a/config.json', JSON.stringify(config))
    const name = 'transformer.h.0.mlp.c_fc.weight'
    const embedding = { 'transformer.wte.weight': f32([3, 2], new Float32Array(6)) }
    // Stored [2 inputs, 4 outputs]; output 1 prunes its input 0: stored element [0, 1].
    const mask = maskOfZeros([1, 1, 0, 1, 1, 1, 1, 1], 4, 2)
    await writeMaskFile(temp.path('a', maskFileName), storedMasks([[name, mask]]))
    const zeros = { ...embedding, [name]: f32([2, 4], new Float32Array(8)) }
    const moved = (at: number) => ({
      ...embedding,
      [name]: f32(
        [2, 4],
        Float32Array.from({ length: 8 }, (_, i) => (i === at ? 1 : 0)),
      ),
    })
    for (let at = 0; at < 8; at++)
      assert.equal((await compare(zeros, moved(at))).maskPreserved, at !== 1, `element ${at}`)
  })
})
