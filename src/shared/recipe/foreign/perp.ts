// A W&B sweep of the authors' code, or its flat configuration, as a recipe.
import { defaultAdapter } from '../../adapters/adapters.ts'
import { defaultScope, isMethodName, needsData } from '../../methods/methods.ts'
import { mostRuns } from '../sweep/settings.ts'
import { withoutUndefined, type Draft, type Note } from './draft.ts'
import { isMap } from './dialect.ts'
import type { Json, JsonMap } from './dialect.ts'
import { sweptDraft } from './sweptDraft.ts'

/** PERP's names, and the path of the value in a recipe. */
const paths: Readonly<Record<string, string>> = {
  goal_sparsity: 'prune.0.sparsity',
  prune_method: 'prune.0.method',
  sparsity_type: 'prune.0.pattern',
  reconstruct_n_samples: 'calibration.samples',
  training_mode: 'recover.mode',
  lora_r: 'recover.lora.rank',
  lora_alpha: 'recover.lora.alpha',
  n_iterations: 'recover.steps',
  initial_lr: 'recover.lr',
  weight_decay: 'recover.weight_decay',
  batch_size: 'recover.batch_size',
  gradient_accumulation_steps: 'recover.grad_accumulation',
  seed: 'seed',
  model_name: 'model',
  model: 'model',
}
const subsets = { peft_use_bias: 'bias', peft_use_ln: 'norm', peft_use_lm_head: 'head' } as const
const composed = new Set([
  'peft_strategy',
  'peft_use_bias',
  'peft_use_ln',
  'peft_use_lm_head',
  'peft_use_lora',
  'lora_type',
])
/** PERP's reconstruction takes one batch a step, and no decay, whatever these say. */
const ofRetraining = ['weight_decay', 'gradient_accumulation_steps'] as const
/** Settings that leave no choice here. */
const implied = new Set(['gradient_checkpointing', 'lora_dropout', 'dataset', 'optimizer', 'fp16', 'use_wandb'])

export function perpRecipe(root: JsonMap, notes: Note[]): Draft {
  const nested = isMap(root.parameters)
  const parameters = isMap(root.parameters) ? root.parameters : root
  if (nested && root.method !== undefined && root.method !== 'grid') {
    notes.push({
      path: ['method'],
      message: `the sweep's method ${String(root.method)} has no counterpart: all combinations are tried`,
    })
  }
  const fixed: JsonMap = {}
  const lists: [key: string, values: Json[]][] = []
  for (const [key, value] of Object.entries(parameters)) {
    const values = isMap(value) && Array.isArray(value.values) ? value.values : null
    if (values && values.length > 1 && (Object.hasOwn(paths, key) || composed.has(key))) lists.push([key, values])
    else fixed[key] = values ? values[0] : isMap(value) && value.value !== undefined ? value.value : value
    if (!Object.hasOwn(paths, key) && !composed.has(key) && !implied.has(key)) {
      notes.push({ path: nested ? ['parameters', key] : [key], message: `${key} has no counterpart and was left out` })
    }
  }
  const found = new Map<string, Note>()
  const draftOf = (one: JsonMap) => {
    const said: Note[] = []
    const draft = perpDraft(one, said)
    for (const note of said) found.set(note.message, note)
    return draft
  }
  const swept = sweptDraft({ fixed, lists, places: paths, draftOf })
  const draft = swept ?? untrimmed(fixed, lists, draftOf, notes)
  notes.push(...found.values())
  return draft
}

/** For more runs than a sweep may have: keeps the lists as they stand, for a person to shorten. */
function untrimmed(
  fixed: JsonMap,
  lists: readonly [key: string, values: Json[]][],
  draftOf: (one: JsonMap) => Draft,
  notes: Note[],
): Draft {
  const note = (key: string, message: string) => notes.push({ path: ['parameters', key], message })
  for (const [key] of lists) if (!Object.hasOwn(paths, key)) note(key, `only the first value of ${key} was taken`)
  note('values', `these are more than ${mostRuns} runs: shorten the lists`)
  const placed = lists
    .filter(([key]) => Object.hasOwn(paths, key))
    .map(([key, values]) => [paths[key], values] as const)
  const draft = draftOf({ ...fixed, ...Object.fromEntries(lists.map(([key, values]) => [key, values[0]])) })
  return { ...draft, sweep: Object.fromEntries(placed) }
}

function perpDraft(first: JsonMap, notes: Note[]): Draft {
  const group = typeof first.sparsity_type === 'string' && first.sparsity_type !== 'unstructured'
  const mode = first.training_mode === 'retrain' || first.training_mode === 'reconstruct' ? first.training_mode : null
  const method = first.prune_method
  if (mode === 'reconstruct')
    for (const key of ofRetraining) {
      if (first[key] === undefined || first[key] === 0 || first[key] === 1) continue
      notes.push({ path: [key], message: `their reconstruction does not look at ${key}: it was left out` })
    }
  const calibrates = mode === 'reconstruct' || (isMethodName(method) && needsData(method))
  const model = first.model_name ?? first.model
  return {
    model: typeof model === 'string' ? model : undefined,
    prune: [
      withoutUndefined({
        method,
        sparsity: group ? undefined : first.goal_sparsity,
        pattern: group ? first.sparsity_type : undefined,
        // PERP has one threshold for the whole tensor, and prunes what is `<=`.
        scope: !group && isMethodName(method) && defaultScope(method, undefined) === 'row' ? 'tensor' : undefined,
        selection: group ? undefined : 'perp',
      }),
    ],
    calibration: calibrates
      ? withoutUndefined({ data: 'path/to/c4.jsonl', samples: first.reconstruct_n_samples ?? 128, seq_len: 2048 })
      : undefined,
    seed: first.seed,
    recover: mode === null ? undefined : (recoverDraft(first, mode, notes) as Json),
    save: { to: 'path/to/output' },
  }
}

function recoverDraft(first: JsonMap, mode: string, notes: Note[]): JsonMap {
  const train: string[] = first.peft_strategy === 'FullFT' ? ['full'] : []
  if (train.length === 0) {
    for (const [key, subset] of Object.entries(subsets)) if (first[key] !== false) train.push(subset)
    if (first.peft_use_lora !== false) train.push(adapterOf(first.lora_type, notes))
  }
  if (mode === 'reconstruct' && train.includes('head')) train.splice(train.indexOf('head'), 1)
  const retrains = mode === 'retrain'
  const lora = withoutUndefined({ rank: first.lora_r, alpha: first.lora_alpha })
  return withoutUndefined({
    mode,
    train,
    lora: Object.keys(lora).length > 0 ? lora : undefined,
    steps: first.n_iterations,
    lr: first.initial_lr,
    weight_decay: retrains ? first.weight_decay : undefined,
    batch_size: first.batch_size,
    grad_accumulation: retrains ? first.gradient_accumulation_steps : undefined,
    data: retrains ? 'path/to/c4.jsonl' : undefined,
    seq_len: retrains ? 2048 : undefined,
    // PERP's Trainer shuffles, every round anew.
    shuffle: retrains ? true : undefined,
  })
}

function adapterOf(type: Json | undefined, notes: Note[]): string {
  if (type !== 'lora') return typeof type === 'string' ? type : defaultAdapter
  const message = `lora_type lora would fill the zeros when merged: ${defaultAdapter} was taken`
  notes.push({ path: ['lora_type'], message })
  return defaultAdapter
}
