// ALPS and ADMM on whole tiny models: what one block's weights have become is what the next block's Hessians see.
import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { readF32 } from '../../../../src/engine/compute/backend.ts'
import { openCpu, type CpuBackend } from '../../../../src/engine/compute/cpu/open.ts'
import { openModel } from '../../../../src/engine/model/model.ts'
import { processBlocks } from '../../../../src/engine/blocks/processBlocks.ts'
import { createModelStream } from '../../../../src/engine/blocks/modelStream.ts'
import { parseNm } from '../../../../src/catalog/formats/sparsity.ts'
import type { MethodName } from '../../../../src/catalog/methods/methods.ts'
import { goldenPath } from '../../../support/shared.ts'
import { entryOf } from '../../../support/solveGoldens.ts'
import { maxDifference, readTensors } from '../../../support/tensors.ts'

const cases: readonly (readonly [MethodName, string])[] = [
  ['alps', 'llama_u50'],
  ['alps', 'llama_2_4'],
  ['alps', 'opt_3_4'],
  ['admm', 'llama_2_4'],
  ['admm', 'opt_u60_gradual'],
]

describe('methods that solve, on whole models', () => {
  let cpu: CpuBackend
  before(async () => void (cpu = await openCpu({ threads: 2 })))
  after(() => cpu.close())

  for (const [method, file] of cases)
    it(`${method} gives the authors' masks and weights: ${file}`, async () => {
      const golden = await readTensors(goldenPath(method, `${file}.safetensors`))
      const given = JSON.parse(golden.metadata.get('case') ?? '') as {
        model: string
        pattern: string
        sparsity: number
      }
      const ids = (await readTensors(goldenPath(given.model, 'prune', 'calib.safetensors'))).i32('calib_ids')
      const checkpoint = await openCheckpoint(goldenPath(given.model))
      const stream = createModelStream(cpu, openModel(checkpoint))
      const sparsities = new Map([...stream.shapes.keys()].map((name) => [name, given.sparsity]))
      const entry = entryOf(method, 0, { sparsities, pattern: parseNm(given.pattern) })
      const tolerance = Number(golden.metadata.get('weights_tolerance'))
      const walk = processBlocks({
        ...{ backend: cpu, host: cpu, stream, entries: [entry], recover: [], seed: 0 },
        calibration: { ids, windows: 16, seqLen: 16 },
        activations: { bytes: 1e9 },
      })
      for await (const { block } of walk)
        for (const { name, weight } of block.linears) {
          const [found, wanted] = [await readF32(cpu, weight), golden.f32(`weight.${name}`)]
          const flips = found.reduce((count, w, i) => count + ((w === 0) === (wanted[i] === 0) ? 0 : 1), 0)
          assert.equal(flips, 0, `${name}: mask`)
          const difference = maxDifference(found, wanted)
          assert.ok(difference < tolerance, `${name}: weights differ by ${difference}`)
        }
      stream.close()
      await checkpoint.close()
    })
})
