// What PERP's own results (goldens <arch>/recon) say of a reconstruction, checked on a backend: losses of every step, errors, final weights.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, upload, type Backend } from '../../../src/engine/compute/backend.ts'
import { rows, type Tensor } from '../../../src/engine/compute/tensor.ts'
import { loadBlock, releaseBlock, type Block } from '../../../src/engine/model/block.ts'
import { blockForward } from '../../../src/engine/model/blockPass.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { maskOfZeros, type Mask } from '../../../src/engine/prune/mask.ts'
import type { HiddenStates } from '../../../src/engine/recover/reconstruct.ts'
import { reconstructBlock } from '../../../src/engine/recover/reconstructBlock.ts'
import { trainableSet, setOfBlock } from '../../../src/plan/trainable.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'
import { goldenPath } from '../../support/shared.ts'
import { maxDifference, readTensors, type HostTensors } from '../../support/tensors.ts'

export interface ReconstructionGolden {
  readonly arch: 'opt' | 'llama'
  readonly file: string
  readonly train: readonly Subset[]
}

const [windows, seqLen, channels, steps] = [16, 16, 48, 30]

/** Hidden states that stay on the device. */
function states(tensor: Tensor): HiddenStates {
  return { windows, seqLen, channels, load: async (_, start, end) => rows(tensor, start * seqLen, end * seqLen) }
}

async function forwardAll(backend: Backend, block: Block, input: Tensor): Promise<Tensor> {
  using arena = new Arena(backend)
  const step = { backend, arena, batch: windows, seqLen, keyMask: null }
  return arena.keep((await blockForward(step, block, input, false)).output)
}

/** What enters block 0, computed on the host: word embeddings, and OPT's positions from row 2 on. */
async function embed(arch: 'opt' | 'llama', ids: Int32Array): Promise<Float32Array> {
  const model = await readTensors(goldenPath(arch, 'model.safetensors'))
  const words = model.f32(arch === 'opt' ? 'model.decoder.embed_tokens.weight' : 'model.embed_tokens.weight')
  const positions = arch === 'opt' ? model.f32('model.decoder.embed_positions.weight') : null
  return Float32Array.from({ length: ids.length * channels }, (_, i) => {
    const [token, channel] = [Math.floor(i / channels), i % channels]
    const position = positions ? positions[(2 + (token % seqLen)) * channels + channel] : 0
    return Math.fround(words[ids[token] * channels + channel] + position)
  })
}

/** The pruned weights of the golden are its zeros: the mask is given, so that only recovery is under test. */
async function prune(backend: Backend, block: Block, golden: HostTensors): Promise<Map<string, Mask>> {
  const masks = new Map<string, Mask>()
  for (const { name, weight } of block.linears) {
    const mask = maskOfZeros(golden.f32(`final.${name}.weight`), weight.shape[0], weight.shape[1])
    masks.set(name, mask)
    const bits = upload(backend, 'u32', [mask.rows, mask.words.length / mask.rows], mask.words)
    backend.kernels.applyMask(weight, bits)
    backend.release(bits)
  }
  return masks
}

/** Ends a training that was to show its first steps alone. */
class Enough extends Error {}

function ofEnough(error: unknown): null {
  if (error instanceof Enough) return null
  throw error
}

/** Reconstructs both blocks; with fewer than all `most` steps, the first block's first steps are compared and no more. */
export async function checkReconstruction(
  backend: Backend,
  { arch, file, train }: ReconstructionGolden,
  most = steps,
): Promise<void> {
  const path = goldenPath(arch, 'recon', `${file}.safetensors`)
  const calibration = goldenPath(arch, 'prune', 'calib.safetensors')
  const golden = await readTensors(path)
  const source = await openCheckpoint(goldenPath(arch))
  const model = openModel(source)
  const set = trainableSet(model.config, { train: [...train], mode: 'reconstruct' })
  const ids = (await readTensors(calibration)).i32('calib_ids')
  let inputs = upload(backend, 'f32', [windows * seqLen, channels], await embed(arch, ids))
  for (const index of [0, 1]) {
    const block = await loadBlock(backend, model, index, { as: 'f32' })
    const targets = await forwardAll(backend, block, inputs)
    const masks = await prune(backend, block, golden)
    const losses: number[] = []
    const result = await reconstructBlock({
      backend,
      model,
      block,
      set: setOfBlock(model.config, set, index),
      masks,
      inputs: states(inputs),
      targets: states(targets),
      rank: 4,
      alpha: 8,
      startOf: async (linear) => golden.f32(`init_A.${linear}`),
      effectiveWeightBytes: 1e9,
      settings: { steps, lr: 2e-3, weightDecay: 0, batchSize: 1, gradAccumulation: 1, shuffleSeed: null },
      onStep: (_, { loss }) => {
        losses.push(loss)
        if (losses.length === most && most < steps) throw new Enough()
      },
    }).catch(ofEnough)
    const expected = golden.f32('loss_per_step').subarray(index * steps, (index + 1) * steps)
    losses.forEach((loss, i) => assert.ok(Math.abs(loss / expected[i] - 1) < 1e-4, `step ${i}: ${loss}`))
    if (!result) return source.close()
    const relative = (value: number, name: string) => Math.abs(value / golden.f32(name)[index] - 1)
    assert.ok(relative(result.errorBefore, 'error_initial') < 1e-4)
    assert.ok(relative(result.errorAfter, 'error_final') < 1e-4)
    assert.equal(result.errorMerged === result.errorAfter, file !== 'loraprune')
    for (const [name, tensor] of block.params) {
      // Its true gradient is 0: Adam makes steps out of rounding.
      if (name.endsWith('k_proj.bias')) continue
      const merged = await readF32(backend, tensor)
      assert.ok(maxDifference(merged, golden.f32(`final.${name}`)) < 1e-4, name)
    }
    inputs = await forwardAll(backend, block, inputs)
    releaseBlock(backend, block)
  }
  await source.close()
}
