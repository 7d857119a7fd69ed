// What PERP's own results (goldens <arch>/retrain) say of a retraining, checked on a backend: losses, gradient norms, rates, weights.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32, type Backend } from '../../../src/engine/compute/backend.ts'
import type { DenseLoss } from '../../../src/engine/compute/kernels.ts'
import { loadBlock } from '../../../src/engine/model/block.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { headPart } from '../../../src/engine/model/ends.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { decode, readWeight } from '../../../src/engine/model/weights.ts'
import { maskOfZeros } from '../../../src/engine/prune/mask.ts'
import { mergeInto } from '../../../src/engine/recover/reconstructBlock.ts'
import { retrain } from '../../../src/engine/recover/retrain.ts'
import { trainableSet } from '../../../src/plan/trainable.ts'
import { createTrainables } from '../../../src/engine/recover/trainables.ts'
import type { Subset } from '../../../src/catalog/adapters/subsets.ts'
import { goldenPath } from '../../support/shared.ts'
import { maxDifference, readTensors } from '../../support/tensors.ts'

export interface RetrainingGolden {
  readonly file: string
  readonly train: readonly Subset[]
  readonly loss?: DenseLoss
}

const steps = 10

/** Ends a training that was to show its first steps alone. */
class Enough extends Error {}

function ofEnough(error: unknown): false {
  if (error instanceof Enough) return false
  throw error
}

/** Retrains the pruned model; with fewer than all `most` steps, these are compared and no weights. */
export async function checkRetraining(
  backend: Backend,
  arch: 'opt' | 'llama',
  { file, train, loss }: RetrainingGolden,
  most = steps,
): Promise<void> {
  const path = goldenPath(arch, 'retrain', `${file}.safetensors`)
  const golden = await readTensors(path)
  const source = await openCheckpoint(goldenPath(arch))
  const model = openModel(source)
  const pruned = new Map<string, Float32Array>()
  const masks = new Map(
    golden.names().flatMap((name) => {
      if (!name.startsWith('mask.')) return []
      const [rows, columns] = golden.shape(name)
      return [[name.slice(5), maskOfZeros(golden.u8(name), rows, columns)] as const]
    }),
  )
  for (const [name, parameter] of model.parameters) {
    const values = decode(await readWeight(model, parameter)).slice()
    const kept = masks.has(name.replace(/\.weight$/, '')) ? golden.u8(`mask.${name.replace(/\.weight$/, '')}`) : null
    pruned.set(name, kept ? values.map((value, i) => (kept[i] ? value : 0)) : values)
  }
  const set = trainableSet(model.config, { train: [...train], mode: 'retrain' })
  const trainables = await createTrainables(backend, set, {
    rank: 4,
    alpha: 8,
    maskOf: async (linear) => masks.get(linear),
    valueOf: async (name) => pruned.get(name) ?? new Float32Array(),
    startOf: async (linear) => golden.f32(`init_A.${linear}`),
    effectiveWeightBytes: 1e9,
  })
  const overrides = new Map(
    [...pruned].map(([name, values]) => {
      const own = trainables.parameters.param(name)
      if (own) return [name, own]
      const tensor = backend.allocate('f32', model.parameters.get(name)?.shape ?? [])
      backend.write(tensor, values)
      return [name, tensor]
    }),
  )
  const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, training: true, overrides })
  const dense = loss && { model: await createDecoder(backend, model, { memoryBytes: 1e9 }), loss }
  const seen: { loss: number; gradNorm: number; lr: number }[] = []
  const trained = await retrain({
    decoder,
    dense,
    trainables,
    windows: { ids: golden.i32('batches'), mask: null, labels: null, windows: steps, seqLen: 16 },
    settings: {
      steps,
      lr: 5e-4,
      weightDecay: 0,
      clipNorm: file.endsWith('_noclip') ? null : 1,
      batchSize: 1,
      gradAccumulation: 1,
      shuffleSeed: null,
    },
    firstStep: 0,
    losses: [],
    onStep: async (_, result) => {
      seen.push(result)
      if (seen.length === most && most < steps) throw new Enough()
    },
  }).then(() => true, ofEnough)
  const relative = (a: number, b: number) => Math.abs(a - b) / Math.max(Math.abs(b), 1e-12)
  seen.forEach(({ loss, gradNorm, lr }, i) => {
    assert.ok(relative(loss, golden.f32('loss')[i]) < 1e-5, `loss ${i}: ${loss}`)
    assert.ok(relative(gradNorm, golden.f32('grad_norm')[i]) < 1e-3, `norm ${i}: ${gradNorm}`)
    if (golden.names().includes('lr')) assert.ok(Math.abs(lr - golden.f32('lr')[i]) < 1e-9, `lr ${i}: ${lr}`)
  })
  if (!trained) return source.close()
  const merged = new Map<string, Float32Array>()
  for (let index = 0; index < model.config.numBlocks; index++) {
    const copies = new Map(
      [...overrides].map(([name, tensor]) => {
        const copy = backend.allocate('f32', tensor.shape)
        backend.kernels.convert(copy, tensor)
        return [name, copy]
      }),
    )
    const block = await loadBlock(backend, model, index, { as: 'f32', overrides: copies })
    await mergeInto(backend, block, trainables)
    for (const [name, tensor] of block.params) merged.set(name, await readF32(backend, tensor))
  }
  for (const { name } of set.direct) {
    const value = trainables.parameters.param(name)
    if (value && !merged.has(name)) merged.set(name, await readF32(backend, value))
  }
  const { head, config } = decoder.ends
  const whole = headPart(head, { start: 0, end: config.vocabSize })
  const headOut = backend.allocate('f32', whole.weight.shape)
  if (trainables.merge(whole, headOut)) merged.set(head.table.name, await readF32(backend, headOut))
  for (const [name, values] of merged) {
    if (name.endsWith('k_proj.bias')) continue
    assert.ok(maxDifference(values, golden.f32(`final.${name}`)) < 1e-4, name)
  }
  await dense?.model.close()
  await decoder.close()
  await source.close()
}
