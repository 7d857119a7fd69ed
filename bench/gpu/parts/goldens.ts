// Whether the device computes correctly: every kernel beside the f64 reference, and the authors' masks of whole models.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { processBlocks } from '../../../src/engine/blocks/processBlocks.ts'
import { createModelStream } from '../../../src/engine/blocks/modelStream.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32, type Backend } from '../../../src/engine/compute/backend.ts'
import { openModel } from '../../../src/engine/model/model.ts'
import { parseNm } from '../../../src/catalog/formats/sparsity.ts'
import type { MethodName } from '../../../src/catalog/methods/methods.ts'
import type { PruneEntry } from '../../../src/plan/pruneEntry.ts'
import { groups } from '../../../test/engine/compute/cases/index.ts'
import { checkCase } from '../../../test/engine/compute/cases/opCase.ts'
import { readTensors } from '../../../test/support/tensors.ts'
import type { Part } from './part.ts'

/** Places of the goldens: beside the sources, or beside the packed bundle. */
const places = ['../../../test/fixtures/goldens', '../goldens'].map((path) => join(import.meta.dirname, path))

async function kernelFailures(backend: Backend): Promise<{ cases: number; failures: string[] }> {
  const failures: string[] = []
  let cases = 0
  for (const group of Object.values(groups))
    for (const c of group) {
      cases++
      await checkCase(backend, c, 7).catch((error: unknown) => failures.push(String(error).slice(0, 300)))
    }
  return { cases, failures: failures.slice(0, 20) }
}

/** Weights whose zeros are not the golden's, of all weights of the model, for one file of masks or weights. */
async function flips(backend: Backend, folder: string, file: string): Promise<{ weights: number; flips: number }> {
  const golden = await readTensors(join(folder, 'prune', file))
  const ids = (await readTensors(join(folder, 'prune', 'calib.safetensors'))).i32('calib_ids')
  const checkpoint = await openCheckpoint(folder)
  const stream = createModelStream(backend, openModel(checkpoint))
  const goal = Number(golden.metadata.get('goal'))
  const entry: PruneEntry = {
    method: file.split('_')[0] as MethodName,
    sparsities: new Map([...stream.shapes.keys()].map((name) => [name, goal])),
    pattern: parseNm(golden.metadata.get('pattern') ?? ''),
    ...{ scope: 'tensor', selection: 'perp' },
    settings: { block_size: file.includes('bs128') ? 128 : 16, dampening: 0.01 },
  }
  const calibration = { ids, windows: 16, seqLen: 16 }
  const parts = { backend, host: backend as never, stream, entries: [entry], calibration, recover: [], seed: 0 }
  const found = { weights: 0, flips: 0 }
  for await (const { block } of processBlocks({ ...parts, activations: { bytes: 1e9 } }))
    for (const { name, weight } of block.linears) {
      const values = await readF32(backend, weight)
      const mask = golden.names().includes(`mask.${name}`) ? golden.u8(`mask.${name}`) : null
      const reference = mask ?? golden.f32(`weight.${name}`)
      found.weights += values.length
      const flips = values.reduce((sum, w, i) => sum + Number((w !== 0) !== (reference[i] !== 0)), 0)
      found.flips += flips
      // A tie that is broken differently must not change the inputs of later blocks.
      if (flips > 0 && !mask) backend.write(weight, golden.f32(`weight.${name}`))
    }
  stream.close()
  await checkpoint.close()
  return found
}

export const goldens: Part = async ({ backend, small }) => {
  const kernels = await kernelFailures(backend)
  const root = places.find((path) => existsSync(path))
  if (!root) throw new Error(`there are no goldens at ${places.join(' or ')}`)
  const masks: Record<string, object> = {}
  for (const model of small ? ['opt'] : ['opt', 'llama']) {
    const files = readdirSync(join(root, model, 'prune')).filter(
      (name) => /_.*\.safetensors$/.test(name) && !name.includes('rowwise'),
    )
    for (const file of files) masks[`${model} ${file}`] = await flips(backend, join(root, model), file)
  }
  return { kernels, masks }
}
