// Recipes as the form writes them, for tests.
import { chains } from '../../src/recipe/measured.ts'
import type { RecoverMode } from '../../src/recipe/modes.ts'
import { withTrain, type RecipeChoices } from '../../src/recipe/writing/choices.ts'
import { recipeOf, type KnownOfRun } from '../../src/recipe/writing/recipeOf.ts'
import { recipeText } from '../../src/recipe/writing/recipeText.ts'

export const known: KnownOfRun = { saveTo: './out: here', blocks: 12, evaluationTokens: null }

export const chosen: RecipeChoices = {
  model: './opt "125m"',
  prune: { method: 'magnitude', pattern: 'unstructured', sparsity: 0.5 },
  recover: [],
  calibration: { data: ['c4 #1.jsonl'], samples: 128, seq_len: 256 },
  evaluate: { data: ['held out.txt'], seq_len: 1024 },
  save: {},
}

/** Recoveries of these modes as the form offers them, of ten steps by default. */
export function recoveries(modes: readonly RecoverMode[], steps = 10): RecipeChoices['recover'] {
  const chain = Object.values(chains).find((one) => one.map(({ mode }) => mode).join() === modes.join())
  const all = withTrain(chain ?? modes.map((mode) => ({ mode })), ['bias', 'norm', 'mask_lora'])
  return all.map((one) => (one.train ? { ...one, steps } : one))
}

export function textOf(choices: Partial<RecipeChoices>, more: Partial<KnownOfRun> = {}): string {
  return recipeText(recipeOf({ ...chosen, ...choices }, { ...known, ...more }))
}
