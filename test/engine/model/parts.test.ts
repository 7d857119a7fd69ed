// Laws of single parts: routing, batches, residency, the head in chunks, rope tables.
import assert from 'node:assert/strict'
import { Arena } from '../../../src/engine/compute/arena.ts'
import { openReference } from '../../support/reference/backend.ts'
import { checkBatch, positionRows, targetsOf, type Batch } from '../../../src/engine/model/batch.ts'
import { createDecoder } from '../../../src/engine/model/decoder.ts'
import { headLoss } from '../../../src/engine/model/head.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { readInOrder, transpose } from '../../../src/engine/model/weights.ts'
import { planResidency, type PassSizes } from '../../../src/plan/passMemory.ts'
import { ropeFrequencies } from '../../../src/engine/model/rope.ts'
import { route, routeBackward } from '../../../src/engine/model/routing.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { activationKinds } from '../../../src/catalog/families/activations.ts'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { maxDifference, readGolden } from '../../support/goldens.ts'
import { createMemoryCheckpoint, smallLlama, smallOpt } from '../../support/memoryCheckpoint.ts'

describe('routing', () => {
  const logits = Float32Array.of(0.2, 1.5, 1.5, -1, 3, 0.1, 0.4, 0.3)

  it('sends each row to its top k, equal ones to the lower index', () => {
    const { rows, shares } = route(logits.subarray(0, 4), { numExperts: 4, topK: 1, normalise: true })
    assert.deepEqual(
      rows.map((list) => [...list]),
      [[], [0], [], []],
    )
    assert.deepEqual([...shares[1]], [1])
  })

  it('chooses what sorting all experts chooses, in its order', () => {
    const rng = createRng(3, 'routing')
    const numExperts = 17
    // Some equal ones.
    const rows = Float32Array.from({ length: 50 * numExperts }, () => Math.round(4 * rng.normal()) / 4)
    for (const topK of [1, 5, 17]) {
      const { rows: chosen } = route(rows, { numExperts, topK, normalise: false })
      for (let n = 0; n < 50; n++) {
        const row = rows.subarray(n * numExperts, (n + 1) * numExperts)
        const sorted = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b).slice(0, topK)
        const found = [...chosen.keys()].filter((e) => chosen[e].includes(n))
        assert.deepEqual(
          found,
          sorted.sort((a, b) => a - b),
        )
      }
    }
  })

  for (const normalise of [true, false]) {
    it(`has the derivative that central differences give, shares ${normalise ? '' : 'not '}normalised`, () => {
      const config = { numExperts: 4, topK: 2, normalise }
      const weight = (n: number, e: number) => Math.sin(3 * n + e) // an arbitrary linear function of the shares
      const value = (at: Float32Array) => {
        const { rows, shares } = route(at, config)
        let sum = 0
        rows.forEach((list, e) => list.forEach((n, i) => (sum += weight(n, e) * shares[e][i])))
        return sum
      }
      const routing = route(logits, config)
      const dShares = routing.rows.map((list, e) => Float32Array.from(list, (n) => weight(n, e)))
      const gradient = routeBackward(routing, dShares, config)
      for (let i = 0; i < logits.length; i++) {
        if (i === 1 || i === 2) continue // the tie: a step there changes who is chosen
        const at = (by: number) => value(logits.map((x, j) => x + (i === j ? by : 0)))
        assert.ok(Math.abs((at(1e-2) - at(-1e-2)) / 2e-2 - gradient[i]) < 1e-4, `logit ${i}`)
      }
    })
  }

  it('refuses values that are not finite', () => {
    assert.throws(() => route(Float32Array.of(NaN, 1), { numExperts: 2, topK: 1, normalise: true }), /NaN or infinity/)
  })
})

describe('a batch', () => {
  const batch: Batch = { batch: 2, seqLen: 3, ids: Int32Array.of(1, 2, 3, 4, 5, 6), mask: null, labels: null }

  it('predicts at each position the next label, and no label at the last', () => {
    assert.deepEqual([...targetsOf(batch)], [2, 3, -1, 5, 6, -1])
    const labels = Int32Array.of(1, -100, 3, -100, -100, 6)
    assert.deepEqual([...targetsOf({ ...batch, labels })], [-1, 3, -1, -1, 6, -1])
  })

  it('counts OPT’s positions over real tokens only, the others’ over all', () => {
    const mask = Int32Array.of(0, 1, 1, 1, 0, 1)
    assert.deepEqual([...positionRows(readModelConfig(smallOpt), { ...batch, mask })], [1, 2, 3, 2, 1, 3])
    const gpt2 = readModelConfig({
      model_type: 'gpt2',
      vocab_size: 9,
      n_embd: 8,
      n_layer: 1,
      n_head: 2,
      n_positions: 8,
    })
    assert.deepEqual([...positionRows(gpt2, { ...batch, mask })], [0, 1, 2, 0, 1, 2])
  })

  it('is refused with ids outside the vocabulary, other lengths, or more tokens than learned positions', () => {
    const config = readModelConfig(smallOpt)
    assert.throws(
      () => checkBatch(config, { ...batch, ids: Int32Array.of(1, 2, 3, 4, 5, 20) }),
      /value 20 at position 5/,
    )
    assert.throws(
      () => checkBatch(config, { ...batch, ids: Int32Array.of(1, 2, 3, 4, 5, -1) }),
      /value -1 at position 5/,
    )
    assert.throws(() => checkBatch(config, { ...batch, mask: Int32Array.of(1) }), /mask: expected 2 × 3 values, got 1/)
    assert.throws(
      () => checkBatch(config, { ...batch, batch: 1, seqLen: 17, ids: new Int32Array(17) }),
      /17 tokens are longer than the model's 16 learned positions/,
    )
  })
})

describe('residency', () => {
  const sizes: PassSizes = {
    numBlocks: 10,
    endsBytes: 100,
    blockBytes: 50,
    readBytes: 25,
    hiddenBytes: 1,
    savedBytes: 20,
    scratchBytes: 30,
  }
  const need = 100 + 30 + 11 + 20

  it('keeps everything when it fits, then gives up activations, then blocks', () => {
    assert.deepEqual(planResidency(need + 500 + 200, sizes, true), { residentBlocks: 10, keptBlocks: 10 })
    assert.deepEqual(planResidency(need + 500 + 65, sizes, true), { residentBlocks: 10, keptBlocks: 3 })
    assert.deepEqual(planResidency(need + 500, sizes, true), { residentBlocks: 10, keptBlocks: 0 })
    // One block being read (75) beside the resident ones.
    assert.deepEqual(planResidency(need + 499, sizes, true), { residentBlocks: 8, keptBlocks: 0 })
    assert.deepEqual(planResidency(need, sizes, true), { residentBlocks: 0, keptBlocks: 0 })
    assert.deepEqual(planResidency(0, sizes, true), { residentBlocks: 0, keptBlocks: 0 })
  })

  it('never plans for more than the budget', () => {
    for (let bytes = need + 75; bytes < 1000; bytes += 7) {
      const { residentBlocks, keptBlocks } = planResidency(bytes, sizes, true)
      const streaming = residentBlocks < 10 ? 75 : 0
      assert.ok(need + residentBlocks * 50 + keptBlocks * 20 + streaming <= bytes, `${bytes}`)
    }
  })
})

describe('the head', () => {
  it('gives the same loss and gradient as one product over a vocabulary of several chunks', async () => {
    const backend = openReference()
    const vocabSize = 8192 + 77
    const model = openModel(createMemoryCheckpoint({ ...smallLlama, vocab_size: vocabSize }))
    const decoder = await createDecoder(backend, model, { memoryBytes: 1e9 })
    const arena = new Arena(backend)
    const hidden = arena.allocate([3, 8])
    backend.write(
      hidden,
      Float32Array.from({ length: 24 }, (_, i) => Math.cos(i)),
    )
    const step = { backend, arena, batch: 1, seqLen: 3, keyMask: null }
    const targets = Int32Array.of(5, vocabSize - 1, -1)
    const head = { targets, weights: Float32Array.of(0.5, 0.25, 0.25) }
    const dWeight = arena.allocate([vocabSize, 8])
    backend.kernels.fill(dWeight, 0)
    const grads = { of: (name: string) => (name === 'lm_head.weight' ? dWeight : null) }
    const { readNll, dHidden } = headLoss(step, decoder.ends, hidden, head, grads)
    const nll = await readNll()

    // The definition, in f64.
    const x = backend.cells(hidden)
    const w = backend.cells(decoder.ends.head.table.parts[0])
    const gain = backend.cells(decoder.ends.finalNorm!.weight!)
    const expected = [0, 1].map((n) => {
      const row = x.slice(8 * n, 8 * n + 8)
      const rstd = 1 / Math.sqrt(row.reduce((s, v) => s + v * v, 0) / 8 + 1e-6)
      const normed = row.map((v, i) => v * rstd * gain[i])
      const logit = (v: number) => normed.reduce((s, value, i) => s + value * w[8 * v + i], 0)
      const logits = Float64Array.from({ length: vocabSize }, (_, v) => logit(v))
      return { nll: Math.log(logits.reduce((s, l) => s + Math.exp(l), 0)) - logits[targets[n]], normed, logits }
    })
    assert.ok(Math.abs(nll[0] - expected[0].nll) < 1e-5 && Math.abs(nll[1] - expected[1].nll) < 1e-5)
    assert.equal(nll[2], 0)
    const last = backend.cells(dWeight).slice(8 * (vocabSize - 1))
    const p = expected.map(({ logits, nll: l }, n) => Math.exp(logits[vocabSize - 1] - l - logits[targets[n]]))
    const want = last.map((_, i) => 0.5 * p[0] * expected[0].normed[i] + 0.25 * (p[1] - 1) * expected[1].normed[i])
    assert.ok(maxDifference(last, want) < 1e-7)
    assert.ok(
      backend
        .cells(dHidden!)
        .subarray(16)
        .every((v) => v === 0),
    )
  })
})

describe('rotary position embedding', () => {
  const base = { kind: 'rope' as const, theta: 10000, rotaryDim: 8 }

  it('stretches frequencies linearly, and dynamically only beyond the trained length', () => {
    const { frequencies: plain } = ropeFrequencies({ ...base, scaling: { type: 'default' } }, 16, 64)
    assert.ok(Math.abs(plain[1] - 0.1) < 1e-8)
    const linear = ropeFrequencies({ ...base, scaling: { type: 'linear', factor: 4 } }, 16, 64)
    assert.ok(Math.abs(linear.frequencies[1] - 0.025) < 1e-8)
    const dynamic = { ...base, scaling: { type: 'dynamic' as const, factor: 2 } }
    assert.deepEqual(ropeFrequencies(dynamic, 64, 64).frequencies, plain)
    assert.ok(ropeFrequencies(dynamic, 65, 64).frequencies[1] < plain[1])
  })
})

describe('activations', () => {
  it('have the values and derivatives of transformers under every name', async () => {
    const golden = await readGolden(
      new URL('../../fixtures/goldens-extra/activations.safetensors', import.meta.url).pathname,
    )
    const backend = openReference()
    const values = golden.f32('x')
    const x = backend.allocate('f32', [values.length])
    backend.write(x, values)
    const ones = backend.allocate('f32', [values.length])
    backend.kernels.fill(ones, 1)
    const y = backend.allocate('f32', [values.length])
    const known = golden.names.filter((n) => n.startsWith('y.')).map((n) => n.slice(2))
    for (const [name, kind] of Object.entries(activationKinds)) {
      if (name === 'gelu_python_tanh') continue // of newer versions
      assert.ok(known.includes(name), name)
      backend.kernels.activation(y, x, kind)
      // f32 tanh formulas in the file; relu2 reaches 144.
      assert.ok(maxDifference(backend.cells(y), golden.f32(`y.${name}`)) < 2e-5, name)
      backend.kernels.activationBackward(y, ones, x, kind)
      // At a kink either side's derivative is right, and gelu_10 has one at 10.
      const smooth = (list: ArrayLike<number>) => Array.from(list).filter((_, i) => values[i] !== 10)
      assert.ok(
        maxDifference(smooth(backend.cells(y)), smooth(golden.f32(`dy.${name}`))) < 2e-5,
        `derivative of ${name}`,
      )
    }
    assert.deepEqual(
      known.filter((name) => !Object.hasOwn(activationKinds, name)),
      [],
    )
  })
})

describe('readInOrder', () => {
  it('gives results in order, reads a few ahead, and waits for reads under way when one fails', async () => {
    let running = 0
    let most = 0
    const read = async (i: number) => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setTimeout(resolve, i % 2 ? 1 : 3))
      running--
      if (i === 5) throw new Error('bad sector')
      return i * i
    }
    const seen: number[] = []
    await assert.rejects(async () => {
      for await (const square of readInOrder([0, 1, 2, 3, 4, 5, 6, 7], read)) seen.push(square)
    }, /bad sector/)
    assert.deepEqual(seen, [0, 1, 4, 9, 16])
    assert.equal(most, 3)
    assert.equal(running, 0)
  })
})

describe('transpose', () => {
  it('turns rows into columns at sizes beside its tile', () => {
    const [rows, columns] = [33, 70]
    const x = Float32Array.from({ length: rows * columns }, (_, i) => i)
    const y = transpose(x, rows, columns)
    for (const [r, c] of [
      [0, 0],
      [32, 69],
      [31, 32],
      [32, 31],
    ])
      assert.equal(y[c * rows + r], x[r * columns + c])
    assert.deepEqual(transpose(y, columns, rows), x)
  })
})
