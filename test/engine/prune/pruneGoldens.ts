// What a golden of pruning says of a whole model, checked on a host: masks bit for bit, weights, statistics.
import assert from 'node:assert/strict'
import { parseNm, type NmPattern } from '../../../src/catalog/formats/sparsity.ts'
import type { MethodName } from '../../../src/catalog/methods/methods.ts'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32 } from '../../../src/engine/compute/backend.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { unpackMask } from '../../support/masks.ts'
import type { PruneHost } from '../../../src/engine/prune/host.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { Statistics } from '../../../src/engine/prune/statistics.ts'
import { runBlock } from '../../../src/engine/blocks/flow.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { countFlips } from '../../support/flips.ts'
import { goldenPath } from '../../support/shared.ts'
import { tieGap } from '../../support/sparseGptTie.ts'
import { maxDifference, readTensors, type HostTensors } from '../../support/tensors.ts'

interface PrunedWeight {
  dense: Float32Array
  weight: Float32Array
  kept: Uint8Array
  shape: readonly number[]
  /** Wanda's mean squares, or the Hessian. */
  statistics: Float32Array | Float64Array | null
}

const [windows, seqLen] = [16, 16]

/** What a file's name and metadata ask for, as PERP does it; the original Wanda takes int(s·in) of each row. */
function entryOf(
  file: string,
  golden: HostTensors,
  shapes: ReadonlyMap<string, readonly [number, number]>,
  blockSize: number,
) {
  const method = file.split('_')[0] as MethodName
  const pattern = parseNm(golden.metadata.get('pattern') ?? '')
  const rowwise = file.includes('rowwise')
  const goal = Number(golden.metadata.get('goal'))
  const sparsity = (columns: number) => (rowwise ? Math.floor(columns * goal) / columns : goal)
  const entry: PruneEntry = {
    method,
    sparsities: new Map([...shapes].map(([name, [, columns]]) => [name, sparsity(columns)])),
    pattern,
    scope: rowwise ? 'row' : 'tensor',
    selection: rowwise ? 'exact' : 'perp',
    settings: { block_size: blockSize, dampening: 0.01 },
  }
  return entry
}

/**
 * Prunes the whole model, and shows each linear to `judge` as soon as it is pruned. What that returns takes the linear's
 * place, so that the blocks after it see the inputs that the golden's saw.
 */
async function prune(
  host: PruneHost,
  checkpoint: Checkpoint,
  ids: Int32Array,
  make: (shapes: Shapes) => PruneEntry,
  judge: (name: string, result: PrunedWeight, entry: PruneEntry) => Float32Array | null,
) {
  const stream = createModelStream(host, openModel(checkpoint))
  const entry = make(stream.shapes)
  const set = { ids, windows, seqLen }
  let judged = 0
  const walk = processBlocks({
    ...{ backend: host, host, stream, entries: [entry], calibration: set, recover: [] },
    seed: 0,
    activations: { bytes: 1e9 },
  })
  for await (const { block, masks, states } of walk) {
    const dense = await stream.load(block.index)
    const statistics = new Statistics(host, windows, () => entry)
    const flow = { backend: host, stream, set, budget: { bytes: 1e9 }, onWindows: () => undefined }
    if (states) await runBlock(flow, dense, states.inputs, null, statistics)
    for (const [i, { name, weight, inputKey }] of block.linears.entries()) {
      const mask = masks.get(name)
      assert.ok(mask, `${name} has no mask`)
      const hessian = statistics.hessian(inputKey)
      const result = {
        dense: await readF32(host, dense.linears[i].weight),
        weight: await readF32(host, weight),
        kept: unpackMask(mask),
        shape: weight.shape,
        statistics: hessian ? await readF32(host, hessian) : await statistics.meanSquares(inputKey),
      }
      const instead = judge(name, result, entry)
      if (instead) host.write(weight, instead)
      judged++
    }
    statistics.close()
    stream.release(dense)
  }
  stream.close()
  assert.equal(judged, entry.sparsities.size, 'linears that were looked at')
}

type Shapes = ReadonlyMap<string, readonly [number, number]>

/** Rows in which rounding may decide an N:M tie either way; any other row that differs fails. */
function tiedRows(name: string, result: PrunedWeight, reference: Float32Array, pattern: NmPattern | null): Set<number> {
  const rows = new Set<number>()
  const [, columns] = result.shape
  for (let i = 0; i < reference.length; i++) {
    const row = Math.floor(i / columns)
    if ((reference[i] !== 0) === (result.kept[i] === 1) || rows.has(row)) continue
    assert.ok(pattern && result.statistics, `${name}: mask differs at ${i}`)
    const gap = tieGap(result.dense, result.statistics, columns, row, i % columns, pattern)
    assert.ok(gap < 2e-5, `${name}: row ${row} differs and its scores are ${gap} apart`)
    rows.add(row)
  }
  return rows
}

function compareWeights(
  name: string,
  result: PrunedWeight,
  reference: Float32Array,
  pattern: NmPattern | null,
): number {
  const [rows, columns] = result.shape
  const tied = tiedRows(name, result, reference, pattern)
  for (let row = 0; row < rows; row++) {
    if (tied.has(row)) continue
    const range = [row * columns, (row + 1) * columns] as const
    const difference = maxDifference(result.weight.subarray(...range), reference.subarray(...range))
    assert.ok(difference < 1e-4, `${name}: weights of row ${row} differ by ${difference}`)
  }
  return tied.size
}

/** Prunes as the file of goldens/<arch>/prune says, and compares with what it holds. */
export async function checkPruning(host: PruneHost, arch: string, file: string): Promise<void> {
  const golden = await readTensors(goldenPath(arch, 'prune', file))
  const ids = (await readTensors(goldenPath(arch, 'prune', 'calib.safetensors'))).i32('calib_ids')
  const groups = golden.metadata.get('pattern') !== 'unstructured'
  // N:M does not depend on the size of the column block.
  const sizes = !file.startsWith('sparsegpt') ? [128] : groups ? [16, 128] : [file.includes('bs128') ? 128 : 16]
  const checkpoint = await openCheckpoint(goldenPath(arch))
  let tied = 0
  for (const size of sizes) {
    const make = (shapes: Shapes) => entryOf(file, golden, shapes, size)
    await prune(host, checkpoint, ids, make, (name, result, entry) => {
      for (const kind of ['scaler_row', 'H']) compareStatistics(`${kind}.${name}`, result, golden)
      if (file.startsWith('sparsegpt')) {
        const reference = golden.f32(`weight.${name}`)
        const rows = compareWeights(name, result, reference, entry.pattern)
        tied += rows
        return rows > 0 ? reference : null
      }
      compareMask(name, host, entry, result, new Uint8Array(golden.u8(`mask.${name}`)))
      result.weight.forEach((w, i) => assert.equal(w, result.kept[i] ? result.dense[i] : 0))
      return null
    })
  }
  await checkpoint.close()
  // Which way they fall depends on the processor's BLAS: with AVX2 three of both passes, with AVX-512 two.
  assert.ok(tied <= 2 * sizes.length, `${tied} rows hang on a tie`)
}

/** Bit for bit where scores are f64; else ties of f32 may fall otherwise. */
function compareMask(
  name: string,
  { prune: { traits } }: PruneHost,
  { pattern, scope }: PruneEntry,
  { kept, dense, statistics, shape: [, columns] }: PrunedWeight,
  reference: Uint8Array,
): void {
  if (traits.scoresInF64) return assert.deepEqual(kept, reference, `${name}: mask`)
  const scores = Float64Array.from(dense, (w, i) => Math.abs(w) * Math.sqrt(statistics?.[i % columns] ?? 1))
  const size = pattern?.m ?? (scope === 'row' ? columns : dense.length)
  const flips = countFlips(name, kept, reference, scores, size)
  assert.ok(flips <= 2, `${name}: ${flips} flips`)
}

function compareStatistics(name: string, { statistics }: PrunedWeight, golden: HostTensors): void {
  if (!golden.names().includes(name)) return
  const reference = golden.f32(name)
  assert.ok(statistics, name)
  const largest = reference.reduce((a, b) => Math.max(a, Math.abs(b)), 0)
  assert.ok(maxDifference(statistics, reference) < 1e-5 * largest, name)
}
