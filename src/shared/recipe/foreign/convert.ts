// Recipes of other tools as recipes of ours. What cannot be mapped is listed, never dropped without a word.
import { defaultAdapter } from '../../adapters/adapters.ts'
import { isMethodName, needsData } from '../../methods/methods.ts'
import type { Recipe } from '../schema.ts'
import { recipeSchema } from '../schema.ts'
import type { Dialect, Json, JsonMap } from './dialect.ts'
import { isMap, modifiersIn } from './dialect.ts'
import { pruneStepOf } from './modifier.ts'
import { perpRecipe } from './perp.ts'

export interface Note {
  path: (string | number)[]
  /** What was left out or guessed. */
  message: string
}

export interface Conversion {
  recipe: Recipe
  notes: Note[]
}

/** A recipe under construction: checked against the schema at the end. */
export type Draft = { [key: string]: Json | undefined }

/** Converts a parsed file. The model is not named in most of them, so a placeholder stands in for it. */
export function convertRecipe(value: unknown, dialect: Dialect): Conversion {
  const notes: Note[] = []
  const root = isMap(value) ? value : {}
  const draft: Draft =
    dialect === 'perp'
      ? perpRecipe(root, notes)
      : dialect === 'axolotl'
        ? axolotlRecipe(root, notes)
        : modifierRecipe(root, [], notes)
  const complete = { version: 1, model: 'path/to/model', ...withoutUndefined(draft) }
  const checked = recipeSchema.safeParse(complete)
  if (checked.success) return { recipe: checked.data, notes }
  // A value that the other tool takes and we do not: leave its top-level part out and say so.
  const bad = new Set(checked.error.issues.map((i) => String(i.path[0])))
  for (const issue of checked.error.issues) {
    notes.push({ path: [], message: `${issue.path.join('.')} cannot be taken over: ${issue.message}` })
  }
  const rest = Object.fromEntries(Object.entries(complete).filter(([key]) => !bad.has(key)))
  return { recipe: recipeSchema.parse({ ...rest, version: 1, model: rest.model ?? 'path/to/model' }), notes }
}

/** llm-compressor and SparseML: stages of groups of modifiers. */
function modifierRecipe(root: JsonMap, prefix: (string | number)[], notes: Note[]): Draft {
  const steps = modifiersIn(root, []).flatMap((modifier) => {
    const step = pruneStepOf({ ...modifier, path: [...prefix, ...modifier.path] }, notes)
    return step ? [step] : []
  })
  const calibrates = steps.some(({ method }) => isMethodName(method) && needsData(method))
  return {
    ...(steps.length > 0 && { prune: steps as Json }),
    ...(calibrates && { calibration: { data: 'path/to/text.jsonl', samples: 128, seq_len: 2048 } }),
    save: { to: 'path/to/output' },
  }
}

/** Axolotl: a fine-tuning configuration with an llm-compressor recipe inside. */
function axolotlRecipe(root: JsonMap, notes: Note[]): Draft {
  const inner = isMap(root.llmcompressor) && isMap(root.llmcompressor.recipe) ? root.llmcompressor.recipe : {}
  const draft = modifierRecipe(inner, ['llmcompressor', 'recipe'], notes)
  const constant = modifiersIn(inner).some((m) => m.name === 'ConstantPruningModifier')
  const number = (key: string) => (typeof root[key] === 'number' ? root[key] : undefined)
  const dataset = Array.isArray(root.datasets) && isMap(root.datasets[0]) ? root.datasets[0].path : undefined
  if (root.datasets !== undefined) {
    notes.push({
      path: ['datasets'],
      message: 'prompt types of datasets have no counterpart: name a file of plain text',
    })
  }
  if (typeof root.base_model === 'string') draft.model = root.base_model
  if (constant || number('max_steps') !== undefined) {
    draft.recover = withoutUndefined({
      mode: 'retrain',
      train: root.adapter === 'lora' ? [defaultAdapter] : ['full'],
      lora:
        root.adapter === 'lora' ? withoutUndefined({ rank: number('lora_r'), alpha: number('lora_alpha') }) : undefined,
      steps: number('max_steps'),
      lr: number('learning_rate'),
      batch_size: number('micro_batch_size'),
      grad_accumulation: number('gradient_accumulation_steps'),
      data: typeof dataset === 'string' ? dataset : 'path/to/text.jsonl',
      seq_len: number('sequence_len'),
    }) as Json
  }
  return draft
}

export function withoutUndefined(map: Draft): JsonMap {
  return Object.fromEntries(Object.entries(map).filter((e): e is [string, Json] => e[1] !== undefined))
}
