// OWL against the authors' own code: outliers of every block of the dense model, and the sparsities that they give.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { openCpu, type CpuBackend } from '../../../src/engine/compute/cpu/open.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { allocate } from '../../../src/engine/blocks/allocate.ts'
import { outlierPercentage } from '../../../src/engine/prune/allocations.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { goldenPath } from '../../support/shared.ts'
import { entryOf } from '../../support/solveGoldens.ts'
import { readTensors } from '../../support/tensors.ts'

interface Expected {
  readonly case: { model?: string; folder?: string; m: number; lambda: number; sparsity: number }
  readonly outlier_percent: readonly number[]
  readonly sparsity: readonly number[]
}

const expected = JSON.parse(readFileSync(goldenPath('owl', 'expected.json'), 'utf8')) as Record<string, Expected>

describe('allocation owl', () => {
  let cpu: CpuBackend
  before(async () => void (cpu = await openCpu({ threads: 2 })))
  after(() => cpu.close())

  async function allocated({ case: given }: Expected) {
    const folder = given.folder ? goldenPath('owl', given.folder) : goldenPath(given.model ?? '')
    const ids = given.folder ? `${folder}/calib.safetensors` : `${folder}/prune/calib.safetensors`
    const checkpoint = await openCheckpoint(folder)
    const stream = createModelStream(cpu, openModel(checkpoint))
    try {
      const settings = { threshold: given.m, spread: given.lambda }
      const entry = entryOf('wanda', 0, {
        sparsities: new Map([...stream.shapes.keys()].map((name) => [name, given.sparsity])),
        measure: { name: 'owl', settings, sparsity: given.sparsity },
      })
      const calib = (await readTensors(ids)).i32('calib_ids')
      const seqLen = given.folder ? 12 : 16
      const set = { ids: calib, windows: calib.length / seqLen, seqLen }
      const flow = { backend: cpu, stream, set, budget: { bytes: 1e9 }, onWindows: () => undefined }
      const [found] = await allocate(flow, [entry])
      assert.deepEqual([...found.sparsities.keys()], [...entry.sparsities.keys()])
      return [...stream.shapes.keys()].map((name) => ({ name, sparsity: found.sparsities.get(name) ?? NaN }))
    } finally {
      stream.close()
      await checkpoint.close()
    }
  }

  for (const [name, golden] of Object.entries(expected))
    it(`gives the authors' sparsities: ${name}`, async () => {
      for (const { name: linear, sparsity } of await allocated(golden)) {
        const block = Number(/\.(\d+)\./.exec(linear)?.[1])
        assert.ok(Math.abs(sparsity - golden.sparsity[block]) < 1e-9, `${linear}: ${sparsity}`)
      }
    })

  it('counts scores strictly above the threshold, over all linears together; unseen inputs have no scores', () => {
    const linears = [
      { weight: Float32Array.of(1, -1, 1, 1), norms: Float64Array.of(1, 1) },
      { weight: Float32Array.of(-4, 0), norms: Float64Array.of(1, 1) },
      { weight: Float32Array.of(9, 9), norms: null },
    ]
    // Mean 1: at 4 the 4 is not above, below it is.
    assert.equal(outlierPercentage(linears, 4), 0)
    assert.equal(outlierPercentage(linears, 3.9), 12.5)
  })
})
