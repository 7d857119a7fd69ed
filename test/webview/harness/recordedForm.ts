// The form of a recipe for a small model, as the extension host tells of it.
import type { PlannedText } from '../../../src/plan/planSummary.ts'
import type { RecipeStart, ToRecipe } from '../../../src/protocol/view.ts'
import { formFields } from '../../../src/recipe/settings/fields.ts'
import {
  firstChoices,
  freeOutput,
  trainedOf,
  withTexts,
  type RecipeChoices,
} from '../../../src/recipe/writing/choices.ts'
import { recipeOf } from '../../../src/recipe/writing/recipeOf.ts'
import { writtenChoices } from '../../../src/recipe/writing/recipeText.ts'
import { recordedModel, recordedPlan } from './recorded.ts'

const known = { biases: true, maxPositions: 1024, parameters: 135e6 }
const texts = ['./text/train.jsonl', './text/evaluation.txt']
const taken = ['./opt', './text', './opt-alps50']

/** Without texts nothing that needs one is proposed. */
export function recordedStart(found: string[] = texts): RecipeStart {
  return {
    kind: 'prune',
    weights: '/models/opt/model.safetensors',
    label: 'opt',
    parameters: known.parameters,
    sparsity: null,
    choices: withTexts(firstChoices('./opt', known, 16e9), found),
    train: trainedOf(known),
    canRetrain: true,
    texts: found,
    fields: formFields(),
  }
}

/** The recipes of the choices, as the host writes them where the evaluation's text has 15,000 tokens. */
export function recordedRecipes(all: readonly RecipeChoices[]): ToRecipe {
  const write = (choices: RecipeChoices) => {
    const saveTo = choices.save.to ?? freeOutput('opt', choices, (path) => taken.includes(path))
    return { saveTo, recipe: recipeOf(choices, { saveTo, blocks: 12, evaluationTokens: 15_000 }) }
  }
  return { type: 'written', ...writtenChoices(all, write) }
}

/** What `text` comes to, with these problems at their fields. */
export function recordedAnswer(text: string, problems: PlannedText['problems'] = []): ToRecipe {
  const plan = { ...recordedPlan(recordedModel(12)), errors: [], warnings: [], problems, budgets: [] }
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  return { type: 'planned', text, plan: { ...plan, errors }, problem: null }
}
