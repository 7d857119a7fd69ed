// Products in bf16: which models get them, and that only the inputs of products are rounded.
import assert from 'node:assert/strict'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { openReference } from '../../support/reference/backend.ts'
import { createGradientSink } from '../../../src/engine/evaluate/recordForward.ts'
import { computeIn, openFor } from '../../../src/engine/model/computeIn.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { openModel, type Model } from '../../../src/engine/model/model.ts'
import { onBf16Processor } from '../../support/bf16Products.ts'
import { relativeDifference } from '../../support/goldens.ts'
import {
  createMemoryCheckpoint,
  smallBatch,
  smallGpt2,
  smallLlama,
  smallMixtral,
  smallOpt,
} from '../../support/memoryCheckpoint.ts'

async function gradientsOf(backend: Backend, model: Model) {
  const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, training: true })
  const sink = createGradientSink(backend, model.parameters)
  const { loss } = await decoder.lossAndGradients(smallBatch, sink.grads)
  const gradients = new Map<string, Float32Array>()
  for (const name of model.parameters.keys()) {
    const tensor = sink.tensor(name)
    if (tensor) gradients.set(name, (await backend.read(tensor)) as Float32Array)
  }
  await decoder.close()
  return { loss, gradients }
}

type Result = Awaited<ReturnType<typeof gradientsOf>>

function agree(actual: Result, expected: Result, tolerance: number): void {
  assert.ok(Math.abs(actual.loss - expected.loss) < tolerance, `loss ${actual.loss}, expected ${expected.loss}`)
  assert.deepEqual([...actual.gradients.keys()], [...expected.gradients.keys()])
  for (const [name, gradient] of expected.gradients) {
    // Softmax does not see what all keys have in common: what their bias gets is rounding.
    if (name.endsWith('k_proj.bias')) continue
    const difference = relativeDifference(actual.gradients.get(name) ?? new Float32Array(), gradient)
    assert.ok(difference < tolerance, `${name}: ${difference}`)
  }
}

describe('precision', () => {
  onBf16Processor()
  let cpu: Backend
  before(async () => (cpu = await openCpu({ threads: 2 })))
  after(() => cpu.close())

  it('is bf16 by itself where the device multiplies it and the checkpoint stores 16 bits', () => {
    const able = openReference()
    const unable: Backend = { ...able, traits: { ...able.traits, bf16Products: false } }
    const chosen = (backend: Backend, dtype: 'F32' | 'F16' | 'BF16', choice: 'auto' | 'f32' | 'bf16') =>
      computeIn(backend, openModel(createMemoryCheckpoint(smallOpt, dtype)), choice)
    assert.equal(chosen(able, 'F32', 'auto').precision, 'f32')
    assert.equal(chosen(able, 'F16', 'auto').precision, 'bf16')
    assert.equal(chosen(able, 'BF16', 'auto').precision, 'bf16')
    assert.equal(chosen(able, 'BF16', 'f32').precision, 'f32')
    assert.equal(chosen(able, 'F32', 'bf16').precision, 'bf16')
    assert.equal(chosen(unable, 'BF16', 'auto').precision, 'f32')
    assert.throws(() => chosen(unable, 'BF16', 'bf16'), /does not support fast bf16 products.*doctor/)
    const { description, details } = chosen(able, 'BF16', 'auto').info
    assert.match(description, /products in bf16/)
    assert.equal(details.precision, 'bf16')
  })

  it('closes the device that it opened where a model cannot be computed on it', async () => {
    const closed: string[] = []
    const opens = (bf16Products: boolean) => {
      const able = openReference()
      const close = async () => void closed.push(bf16Products ? 'able' : 'unable')
      return async () => ({ ...able, traits: { ...able.traits, bf16Products }, close })
    }
    const model = openModel(createMemoryCheckpoint(smallOpt, 'BF16'))
    await assert.rejects(openFor(model, opens(false), 'bf16'), /does not support fast bf16 products/)
    const refuse = () => {
      throw new Error('too small')
    }
    await assert.rejects(openFor(model, opens(true), 'bf16', refuse), /too small/)
    assert.deepEqual(closed, ['unable', 'able'])
    assert.equal((await openFor(model, opens(true))).precision, 'bf16')
    assert.deepEqual(closed, ['unable', 'able'])
  })

  for (const [name, config] of Object.entries({ smallOpt, smallGpt2, smallLlama, smallMixtral }))
    for (const dtype of ['F32', 'F16', 'BF16'] as const)
      it(`bf16 of ${name} stored as ${dtype} is near f32`, async () => {
        const model = openModel(createMemoryCheckpoint(config, dtype))
        const reference = openReference()
        const exact = await gradientsOf(reference, model)
        const rounded = await gradientsOf(computeIn(reference, model, 'bf16'), model)
        agree(rounded, exact, 0.07)
        assert.notEqual(rounded.loss, exact.loss)
      })

  for (const [name, config] of Object.entries({ smallOpt, smallGpt2, smallLlama, smallMixtral }))
    it(`the CPU rounds what the reference rounds, and nothing else, in ${name}`, async () => {
      const model = openModel(createMemoryCheckpoint(config, 'BF16'))
      const expected = await gradientsOf(computeIn(openReference(), model, 'bf16'), model)
      // A state on the edge between two bf16 may be rounded either way: few are, of a few hundred.
      agree(await gradientsOf(computeIn(cpu, model, 'bf16'), model), expected, 4e-3)
    })
})
