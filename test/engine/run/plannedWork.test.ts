// The planner's work of a run against what its kernels really do: every kind in its own unit.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { sumOf, workKinds, type Work, type WorkKind } from '../../../src/catalog/methods/work.ts'
import { partsOfWork } from '../../../src/plan/time.ts'
import { onBf16Processor } from '../../support/bf16Products.ts'
import { counting } from '../../support/countedWork.ts'
import { smallLlama, smallOpt } from '../../support/memoryCheckpoint.ts'
import { createWorkplace, run, type Workplace } from '../../support/runs.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

/** Sums and copies of single vectors, of sums, and of tensors that come from disk are not planned. */
const nearly: Partial<Record<WorkKind, number>> = { move: 0.35, adapt: 0.01 }

const data = 'ids.safetensors'
const calibration = { data, samples: 8, seq_len: 16 }
const wanda = [{ method: 'wanda', sparsity: 0.5 }]
const reconstruct = { mode: 'reconstruct', steps: 3, batch_size: 2, lora: { rank: 4 } }
const retrain = { mode: 'retrain', data, seq_len: 16, steps: 3, batch_size: 2, lora: { rank: 4 } }
const recipes: Readonly<Record<string, object>> = {
  Wanda: { prune: wanda, calibration },
  'Wanda in groups': { prune: [{ method: 'wanda', pattern: '2:4' }], calibration },
  'a reconstruction of norms': { prune: wanda, calibration, recover: { ...reconstruct, train: ['norm'] } },
  'a reconstruction with MaskLoRA alone': {
    ...{ prune: wanda, calibration, recover: { ...reconstruct, train: ['mask_lora'] } },
  },
  'a reconstruction on dense inputs': {
    ...{ prune: wanda, calibration, recover: { ...reconstruct, train: ['norm', 'mask_lora'], inputs: 'dense' } },
  },
  'a reconstruction of everything': { prune: wanda, calibration, recover: { ...reconstruct, train: ['full'] } },
  "a reconstruction towards the dense model's outputs": {
    ...{ prune: wanda, calibration, recover: { ...reconstruct, train: ['norm', 'mask_lora'], targets: 'model' } },
  },
  'a retraining with MaskLoRA': { prune: wanda, calibration, recover: { ...retrain, train: ['norm', 'mask_lora'] } },
  'a retraining on the dense logits': {
    ...{ prune: wanda, calibration, recover: { ...retrain, train: ['norm', 'mask_lora'], loss: { dense: 0.5 } } },
  },
  'a perplexity': { prune: wanda, calibration, evaluate: [{ task: 'perplexity', data, seq_len: 16, at: ['dense'] }] },
}

interface Here {
  cpu: Backend
  place: Workplace
}

/** A backend, and models and ids for all tests of a suite. */
function countedPlace(): Here {
  const here = {} as Here
  before(async () => {
    here.cpu = await openCpu({ threads: 1 })
    here.place = createWorkplace()
    await writeTinyModel(here.place.path('opt'), smallOpt)
    await writeTinyModel(here.place.path('llama'), smallLlama)
    await writeTinyModel(here.place.path('llama-bf16'), smallLlama, 'BF16')
    writeTinyIds(here.place.path('ids.safetensors'))
  })
  after(async () => {
    here.place.remove()
    await here.cpu.close()
  })
  return here
}

async function compare({ cpu, place }: Here, recipe: object, model: string): Promise<void> {
  const file = place.recipe('counted', { version: 1, model, precision: 'f32', ...recipe })
  const { context, facts } = await lintText(readFileSync(file, 'utf8'), { folder: place.folder, memoryBytes: 1e9 })
  assert.ok(facts?.model && facts.machine)
  const machine = { ...facts.machine, threads: 1 }
  const planned = sumOf(partsOfWork(context.resolved, facts.model, machine, () => 8 * 16).map(({ work }) => work))
  const { backend, done } = counting(cpu)
  await run(backend, { recipe: file })
  assertAlike(planned, done())
}

function assertAlike(planned: Work, counted: Work): void {
  for (const kind of workKinds.filter((name) => name !== 'disk')) {
    const [plan, count] = [planned[kind] ?? 0, counted[kind] ?? 0]
    const error = Math.abs(plan - count) / Math.max(1, count)
    assert.ok(error <= (nearly[kind] ?? 1e-9), `${kind}: ${plan} planned, ${count} done`)
  }
}

describe('the planned work of a run is what its kernels do', () => {
  const here = countedPlace()

  for (const [name, recipe] of Object.entries(recipes))
    it(`${name}, OPT and LLaMA`, async () => {
      await compare(here, recipe, 'opt')
      await compare(here, recipe, 'llama')
    })

  it('SparseGPT: its Hessians, factors and sweeps', async () => {
    await compare(here, { prune: [{ method: 'sparsegpt', pattern: '2:4', block_size: 4 }], calibration }, 'llama')
  })
})

describe('the planned work of products in bf16 has what is rounded for them', () => {
  onBf16Processor()
  const here = countedPlace()

  for (const name of ['Wanda', 'a reconstruction on dense inputs', 'a retraining on the dense logits'])
    it(name, () => compare(here, { ...recipes[name], precision: 'bf16' }, 'llama-bf16'))
})
