// Swaps against the goldens, which looked at every pair in f64, and kernels against the same loops on rows of odd widths.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { upload } from '../../../src/engine/compute/backend.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { maskWords } from '../../../src/catalog/formats/maskFile.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import type { PruneHost } from '../../../src/engine/prune/host.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { unpackMask } from '../../support/masks.ts'
import { pruneHosts } from '../../support/pruneHosts.ts'
import { referencePrune } from '../../support/reference/prune.ts'
import { goldenPath } from '../../support/shared.ts'
import { entryOf } from '../../support/solveGoldens.ts'
import { readTensors } from '../../support/tensors.ts'

interface GoldenCase {
  readonly name: string
  readonly group: number
  readonly most: number
  readonly swaps: number[]
  readonly before: number[]
  readonly after: number[]
  readonly certificate: number[]
}

const cases = JSON.parse(readFileSync(goldenPath('swaps', 'swaps.json'), 'utf8')) as GoldenCase[]

function packMask(kept: ArrayLike<number>, rows: number, columns: number): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(rows * maskWords(columns))
  for (let i = 0; i < rows * columns; i++) {
    const column = i % columns
    if (kept[i]) words[Math.floor(i / columns) * maskWords(columns) + (column >> 5)] |= 1 << (column & 31)
  }
  return words
}

for (const [label, open] of pruneHosts)
  describe(`swaps, ${label}`, () => {
    let host: PruneHost
    before(async function () {
      host = await open(this)
    })
    after(() => host?.close())

    const tensorsOf = (
      columns: number,
      given: { kept: ArrayLike<number>; gram: Float32Array; weights: Float32Array[] },
    ) => {
      const rows = given.weights[0].length / columns
      const [weight, dense = weight] = given.weights.map((values) => upload(host, 'f32', [rows, columns], values))
      const mask = upload(host, 'u32', [rows, maskWords(columns)], packMask(given.kept, rows, columns))
      return { rows, weight, dense, mask, gram: upload(host, 'f32', [columns, columns], given.gram) }
    }

    for (const golden of cases)
      it(`makes the swaps of the golden ${golden.name}, with its errors and certificates`, async () => {
        const { name, group, most } = golden
        const tensors = await readTensors(goldenPath('swaps', 'swaps.safetensors'))
        const [, columns] = tensors.shape(`${name}.w`)
        const { rows, weight, mask, gram } = tensorsOf(columns, {
          kept: tensors.u8(`${name}.start`),
          gram: tensors.f32(`${name}.g`),
          weights: [tensors.f32(`${name}.w`)],
        })
        const { before, after, room, swaps } = await host.prune.swapRows(
          mask,
          weight,
          weight,
          gram,
          { most, group },
          null,
        )
        const words = (await host.read(mask)) as Uint32Array
        assert.deepEqual(
          [...unpackMask({ rows, columns, words })],
          [...tensors.u8(`${name}.mask`)].map(Boolean).map(Number),
        )
        assert.deepEqual([...swaps], golden.swaps)
        const near = host.prune.traits.scoresInF64 ? 1e-9 : 1e-4
        golden.before.forEach((wanted, r) =>
          assert.ok(Math.abs(before[r] / wanted - 1) < near, `${before[r]} ${wanted}`),
        )
        golden.after.forEach((wanted, r) => assert.ok(Math.abs(after[r] / wanted - 1) < near, `${after[r]} ${wanted}`))
        golden.certificate.forEach((wanted, r) =>
          assert.ok(Math.abs(room[r] / after[r] - wanted) < near, `${room[r] / after[r]} ${wanted}`),
        )
      })

    for (const [columns, group] of [
      [1, 0],
      [3, 0],
      [37, 0],
      [130, 0],
      [130, 13],
      [132, 4],
    ])
      // prettier-ignore
      it(`looks at ${columns} columns${group ? ` in groups of ${group}` : ''} as the loops do, also with updated weights`, async () => {
        const rng = createRng(58, `swaps ${columns} ${group}`)
        const rows = 7
        const x = Float64Array.from({ length: 3 * columns * columns }, () => rng.normal())
        const gram = new Float32Array(columns ** 2)
        for (let i = 0; i < columns; i++)
          for (let j = 0; j <= i; j++) {
            let sum = 0
            for (let k = 0; k < 3 * columns; k++) sum += x[k * columns + i] * x[k * columns + j]
            gram[i * columns + j] = gram[j * columns + i] = sum
          }
        const dense = Float32Array.from({ length: rows * columns }, () => rng.normal())
        // A row that keeps nothing, one that keeps all, and weights that were moved.
        const kept = dense.map((_, i) => (i < columns ? 0 : i < 2 * columns || rng.normal() > 0 ? 1 : 0))
        const moved = dense.map((w, i) => (kept[i] ? w + 0.1 * rng.normal() : 0))
        for (const [weights, most] of [[[dense], 5], [[dense], 1000], [[moved, dense], 0]] as const) { // prettier-ignore
          const results = await Promise.all(
            [host.prune, referencePrune(host)].map(async (prune) => {
              const { weight, dense, mask, gram: g } = tensorsOf(columns, { kept, gram, weights: [...weights] })
              const figures = await prune.swapRows(mask, weight, dense, g, { most, group }, null)
              return { figures, words: Array.from(await host.read(mask)) }
            }),
          )
          const [own, naive] = results
          assert.deepEqual(own.words, naive.words)
          assert.deepEqual(own.figures.swaps, naive.figures.swaps)
          const near = host.prune.traits.scoresInF64 ? 1e-9 : 1e-4
          for (const key of ['before', 'after', 'room'] as const)
            naive.figures[key].forEach((wanted, r) => {
              const found = own.figures[key][r]
              assert.ok(Math.abs(found - wanted) <= near * naive.figures.before[r], `${key} ${r}: ${found} ${wanted}`)
            })
        }
      })

    it('leaves no helpful swap in long rows, and reports their exact errors', async () => {
      const rng = createRng(60, 'long rows')
      const [rows, columns] = [6, 230]
      const x = Float64Array.from({ length: columns ** 2 }, () => rng.normal())
      const gram = new Float32Array(columns ** 2)
      for (let i = 0; i < columns; i++)
        for (let j = 0; j <= i; j++) {
          // Neighbours are correlated, some of them strongly.
          let sum = columns * 0.98 ** Math.abs(i - j)
          for (let k = 0; k < columns; k += 5) sum += x[k * columns + i] * x[k * columns + j]
          gram[i * columns + j] = gram[j * columns + i] = sum
        }
      const dense = Float32Array.from({ length: rows * columns }, () => rng.normal())
      const kept = dense.map((w, i) => (i < columns ? i % 2 : Math.abs(w) > 0.7 ? 1 : 0))
      for (const most of [3, 1000]) {
        const { weight, mask, gram: g } = tensorsOf(columns, { kept, gram, weights: [dense] })
        const own = await host.prune.swapRows(mask, weight, weight, g, { most, group: 0 }, null)
        const words = (await host.read(mask)) as Uint32Array
        const now = unpackMask({ rows, columns, words })
        for (let r = 0; r < rows; r++) {
          const ofRow = (mask: ArrayLike<number>) =>
            Array.from(mask)
              .slice(r * columns, (r + 1) * columns)
              .reduce((sum, bit) => sum + Number(bit), 0)
          assert.equal(ofRow(now), ofRow(kept))
        }
        const naive = await referencePrune(host).swapRows(mask, weight, weight, g, { most: 0, group: 0 }, null)
        const near = host.prune.traits.scoresInF64 ? 1e-9 : 1e-4
        naive.before.forEach((wanted, r) => {
          assert.ok(own.swaps[r] > 0 && own.swaps[r] <= most, `${own.swaps[r]} swaps`)
          assert.ok(own.after[r] < own.before[r])
          assert.ok(Math.abs(own.after[r] - wanted) <= near * own.before[r], `after ${r}: ${own.after[r]} ${wanted}`)
          assert.ok(Math.abs(own.room[r] - naive.room[r]) <= near * own.before[r], `room ${r}`)
          if (most > columns) assert.ok(own.room[r] < 1e-5 * wanted)
        })
      }
    })
  })

describe('swaps outside of the WebAssembly memory', () => {
  it('give the same masks and figures', async () => {
    const rng = createRng(59, 'outside')
    const [rows, columns] = [9, 40]
    const dense = Float32Array.from({ length: rows * columns }, () => rng.normal())
    const kept = dense.map((w) => (Math.abs(w) > 0.7 ? 1 : 0))
    const gram = new Float32Array(columns ** 2)
    for (let i = 0; i < columns; i++)
      for (let j = 0; j < columns; j++) gram[i * columns + j] = 0.9 ** Math.abs(i - j) * (1 + (i % 3)) * (1 + (j % 3))
    const results = []
    for (const largeBytes of [undefined, 0]) {
      const cpu = await openCpu({ threads: 2, largeBytes })
      try {
        const weight = upload(cpu, 'f32', [rows, columns], dense)
        const mask = upload(cpu, 'u32', [rows, maskWords(columns)], packMask(kept, rows, columns))
        const g = upload(cpu, 'f32', [columns, columns], gram)
        const figures = await cpu.prune.swapRows(mask, weight, weight, g, { most: 100, group: 0 }, null)
        results.push({ figures, words: Array.from(await cpu.read(mask)) })
      } finally {
        await cpu.close()
      }
    }
    assert.ok(results[0].figures.swaps.some((count) => count > 0))
    assert.deepEqual(results[0], results[1])
  })
})

describe('swaps of a matrix with more inputs than the device looks at', () => {
  it('are left out with its certificate, and the run says so', async () => {
    const cpu = await openCpu({ threads: 1 })
    const checkpoint = await openCheckpoint(goldenPath('llama'))
    const stream = createModelStream(cpu, openModel(checkpoint))
    const sparsities = new Map([...stream.shapes.keys()].map((name) => [name, 0.5]))
    const traits = { ...cpu.prune.traits, mostSwapInputs: 64 }
    const host = Object.assign(Object.create(cpu), { prune: { ...cpu.prune, traits } }) as PruneHost
    const warnings: string[] = []
    const certified: string[] = []
    const walk = processBlocks({
      ...{ backend: cpu, host, stream, entries: [entryOf('alps', 0, { sparsities })], recover: [], seed: 0 },
      calibration: { ids: Int32Array.from({ length: 256 }, (_, i) => i % 150), windows: 16, seqLen: 16 },
      activations: { bytes: 1e9 },
      certifies: true,
      onWarning: (message) => warnings.push(message),
    })
    for await (const { certificates } of walk) certified.push(...certificates.keys())
    const wide = [...stream.shapes].filter(([, [, inputs]]) => inputs > 64).map(([name]) => name)
    assert.ok(wide.length > 0)
    assert.equal(certified.length, stream.shapes.size - wide.length)
    assert.deepEqual(
      warnings
        .filter((warning) => warning.includes('it gets no swaps and no certificate'))
        .map((warning) => warning.split(' ')[0]),
      wide,
    )
    stream.close()
    await checkpoint.close()
    await cpu.close()
  })
})
