// A recipe on the recorded model in three stages, and how far its run moved what it trained.
import type { PlannedText, TrainBudget } from '../../../src/plan/planSummary.ts'
import type { ModelSummary } from '../../../src/protocol/inspect.ts'
import type { ToTrainable } from '../../../src/protocol/view.ts'
import type { Movement } from '../../../src/runs/series/events.ts'
import { recordedStages } from './recorded.ts'

type Shown = Extract<ToTrainable, { type: 'plan' }>

export function recordedTraining(model: ModelSummary, of: Shown['of'] = 'recipe', plan = recordedStages(model)): Shown {
  const budgetsOf = (mode: string) => (mode === 'refit' ? [] : recordedBudgets(model.parameters))
  const planned: PlannedText = { ...plan, problems: [], budgets: plan.recoveries.map(({ mode }) => budgetsOf(mode)) }
  return { type: 'plan', of, hasWeights: of === 'run' || of === 'result', plan: planned }
}

function recordedBudgets(parameters: number): TrainBudget[] {
  const budget = (name: string, train: TrainBudget['train'], rank: number | null, percentage: number): TrainBudget => {
    return { name, train, rank, count: Math.round((percentage * parameters) / 100), percentage }
  }
  return [
    budget('norms', ['norm'], null, 0.03),
    budget('biases + norms', ['bias', 'norm'], null, 0.097),
    ...[1, 4, 16, 64].map((rank) =>
      budget(`MaskLoRA ${rank}`, ['bias', 'norm', 'mask_lora'], rank, 0.097 + 0.13 * rank),
    ),
    budget('all kept weights', ['full'], null, 66),
  ]
}

/** The output projection of block 3 moved most of all matrices; the bias of a key, which was almost 0, by many times its norm. */
export function recordedMoves(model: ModelSummary, recovery: number): ToTrainable {
  const tensors: Record<string, Movement> = {}
  for (const [i, { name, role, block }] of model.tensors.entries()) {
    if (block === null && role !== 'norm') continue
    const far = name.includes('layers.3.self_attn.out_proj.weight')
    const wasNothing = name.includes('layers.5.self_attn.k_proj.bias')
    const moved = wasNothing ? 12.4 : far ? 0.0312 : 0.004 + 0.001 * ((i * 7) % 9)
    const part = (at: number, share: number) => ({ at, share })
    const columns = role === 'linear' ? [part(40, 0.031), part(17, 0.012)] : []
    tensors[name] = { moved, rows: [part(311, 0.04), part(90, 0.02), part(704, 0.01)], columns }
  }
  const sparsities = Object.fromEntries(
    model.tensors.filter(({ role }) => role === 'linear').map(({ name }) => [name, 0.5]),
  )
  return { type: 'training', isAnew: true, update: { at: null, moved: { [recovery]: tensors }, sparsities } }
}
