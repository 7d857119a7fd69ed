// A vocabulary whose table no buffer of the device holds: in several tensors it gives the bytes of one.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { readF32, type Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { bytesPerElement } from '../../../src/engine/dtype.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { headPart, partsOf } from '../../../src/engine/model/ends.ts'
import { createKvCache } from '../../../src/engine/model/kvCache.ts'
import { openModel, type Model } from '../../../src/engine/model/model.ts'
import { Packer } from '../../../src/engine/model/packed.ts'
import { rangesOf } from '../../../src/engine/model/module.ts'
import { createTrainables, type Trainables } from '../../../src/engine/recover/trainables.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { trainableSet, type TrainableSet } from '../../../src/plan/trainable.ts'
import { variants } from '../../support/extent.ts'
import { createMemoryCheckpoint, smallLlama } from '../../support/memoryCheckpoint.ts'
import { openWrapped } from '../../support/wrappedGpu.ts'
import { openOrSkip } from '../../support/webgpu.ts'

const [vocabSize, width] = [160_000, 64]
/** One chunk of 65,536 rows of f32 takes 16 MiB, and so do two of bf16. The whole takes 39 and 19.5. */
const mostTensorBytes = 18 * 2 ** 20
/** Rows on both sides of every edge. */
const edges = [65_535, 65_536, 131_071, 131_072]
const ids = Int32Array.of(0, ...edges, 159_999, 5, 65_536, 96_000, 3, 136_000, 65_535, 1, 2, 131_072, 4)
const batch = { batch: 2, seqLen: 8, ids, mask: null, labels: null }

const llama = { ...smallLlama, vocab_size: vocabSize, hidden_size: width, num_hidden_layers: 2 }
const models: Record<string, { model: Model; parts: number }> = {
  'a head of its own, in f32': { model: openModel(createMemoryCheckpoint(llama)), parts: 3 },
  'a tied head, in bf16': {
    model: openModel(createMemoryCheckpoint({ ...llama, tie_word_embeddings: true }, 'BF16')),
    parts: 2,
  },
}

/** The bytes of whatever a model computes. */
async function resultsOf(backend: Backend, model: Model, parts: number): Promise<Record<string, Float32Array>> {
  const set = trainableSet(model.config, { mode: 'retrain', train: ['norm', 'mask_lora', 'head'] })
  const values = (name: string, length: number) => {
    const rng = createRng(3, name)
    return Float32Array.from({ length }, () => 1 + 0.1 * rng.normal())
  }
  const trainables = await createTrainables(backend, set, {
    ...{ rank: 2, alpha: 4, effectiveWeightBytes: 1e9, maskOf: async () => undefined },
    valueOf: async (name) => values(name, width),
    startOf: async (name, numIn) => values(name, 2 * numIn),
  })
  // Updates that are not 0.
  for (const { name, shape } of set.adapted)
    backend.write(trainables.parameters.param(`${name}.lora_B`)!, values(`${name} B`, 2 * shape[0]))
  const decoder = await createDecoder(backend, model, { memoryBytes: 1e9, training: true, as: 'stored' })
  try {
    deepEqual([decoder.ends.tokens.parts.length, decoder.ends.head.table.parts.length], [parts, parts])
    const { adapterOf } = trainables
    const [nll] = await decoder.forwardNll([batch])
    const [adapted] = await decoder.forwardNll([batch], { adapterOf })
    const packer = new Packer(vocabSize)
    packer.add(ids.slice(0, 7), 3)
    packer.add(ids.slice(0, 9), 2)
    const [{ nll: packed }] = await decoder.forwardPacked([packer.finish()])
    using cache = createKvCache(backend, model.config, ids.length)
    const results: Record<string, Float32Array> = { nll, adapted, packed }
    for (const t of [0, 4, 5, 6, 7]) {
      const logits = await decoder.nextLogits(t === 0 ? ids.slice(0, 4) : ids.slice(t, t + 1), cache)
      results[`logits after ${t}`] = logits
    }
    const { losses } = await decoder.lossAndGradients(batch, trainables.grads, { adapterOf })
    Object.assign(results, { losses }, await gradientsOf(backend, set, trainables))
    using arena = new Arena(backend)
    for (const range of rangesOf(vocabSize, 4096)) {
      const part = headPart(decoder.ends.head, range)
      const merged = arena.allocate(part.weight.shape)
      ok(trainables.merge(part, merged, range))
      results[`merged ${range.start}`] = await readF32(backend, merged)
    }
    return results
  } finally {
    await decoder.close()
    trainables.close()
  }
}

async function gradientsOf(backend: Backend, { direct, adapted }: TrainableSet, { parameters }: Trainables) {
  const names = [
    ...direct.map(({ name }) => name),
    ...adapted.flatMap(({ name }) => [`${name}.lora_A`, `${name}.lora_B`]),
  ]
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [`d ${name}`, await readF32(backend, parameters.grad(name)!)] as const),
    ),
  )
}

/** No tensor is larger than that. */
function lessened(device: Backend): Backend {
  return {
    ...device,
    traits: { ...device.traits, mostTensorBytes },
    allocate(dtype, shape) {
      const bytes = shape.reduce((a, b) => a * b, 1) * bytesPerElement[dtype]
      ok(bytes <= mostTensorBytes, `a tensor of ${bytes} bytes`)
      return device.allocate(dtype, shape)
    },
  }
}

type Devices = Record<string, (context: Mocha.Context) => Promise<readonly [Backend, Backend]>>
const devices: Devices = {
  cpu: async () => {
    const cpu = await openCpu({ threads: 1 })
    return [cpu, lessened(cpu)]
  },
  'cpu, tensors outside WebAssembly': async () => {
    const cpu = await openCpu({ threads: 1, largeBytes: 0 })
    return [cpu, lessened(cpu)]
  },
  wgpu: async (context) => [
    await openOrSkip(context),
    await openWrapped({}, { limits: { maxBufferSize: mostTensorBytes } }),
  ],
}

for (const [device, open] of variants(devices, ['cpu']))
  describe(`a vocabulary in several tensors on ${device}`, function () {
    this.timeout(600_000)
    let backends: readonly Backend[] = []
    before(async function () {
      backends = await open(this)
    })
    after(async () => {
      for (const close of new Set(backends.map((backend) => backend.close))) await close()
    })

    for (const [title, { model, parts }] of Object.entries(models))
      it(`${title}: the bytes of one tensor, in losses, answers, decoding, gradients and the merged head`, async () => {
        const [whole, split] = backends
        equal(split.traits.mostTensorBytes, mostTensorBytes)
        const expected = await resultsOf(whole, model, 1)
        const found = await resultsOf(split, model, parts)
        deepEqual(Object.keys(found), Object.keys(expected))
        for (const [name, values] of Object.entries(expected)) {
          ok(values.some((x) => x !== 0) && values.every(Number.isFinite), name)
          ok(Buffer.compare(bytesOf(found[name]), bytesOf(values)) === 0, name)
        }
      })
  })

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

describe('the parts of a table', () => {
  const traits = { inHostMemory: false, widensWeights: false, bf16Products: false }
  const partsIn = (bytes: number | undefined, [numRows, columns]: number[]) =>
    partsOf({ ...traits, mostTensorBytes: bytes }, [numRows, columns], 4 * numRows * columns).map(({ end }) => end)

  it('is one where it fits, else they end between chunks of the head', () => {
    const table = [vocabSize, width]
    const row = 4 * width
    assertEnds([undefined, vocabSize * row], [vocabSize])
    assertEnds([vocabSize * row - 1, 131_072 * row], [131_072, vocabSize])
    // The device then refuses a chunk by itself.
    assertEnds([131_072 * row - 1, 1], [65_536, 131_072, vocabSize])

    function assertEnds(limits: (number | undefined)[], ends: number[]) {
      for (const bytes of limits) deepEqual(partsIn(bytes, table), ends)
    }
  })

  it('has fewer rows where they are wider, but never fewer than 8,192', () => {
    for (const [columns, rows] of [
      [1024, 65_536],
      [2560, 16_384],
      [4096, 16_384],
      [12_288, 8192],
    ])
      equal(partsIn(1, [vocabSize, columns])[0], rows)
  })
})
