// The form of a recipe for a small model, as the extension host tells of it.
import type { PlannedText } from '../../../src/plan/planSummary.ts'
import type { RecipeStart, ToRecipe } from '../../../src/protocol/view.ts'
import { firstChoices, withTexts } from '../../../src/recipe/writing/choices.ts'
import { recordedModel, recordedPlan } from './recorded.ts'

const known = { biases: true, maxPositions: 1024, blocks: 12, parameters: 135e6 }
const texts = ['./text/train.jsonl', './text/evaluation.txt']

/** Without texts nothing that needs one is proposed. */
export function recordedStart(found: string[] = texts): RecipeStart {
  return {
    kind: 'prune',
    weights: '/models/opt/model.safetensors',
    name: 'opt',
    label: 'opt',
    parameters: known.parameters,
    sparsity: null,
    choices: withTexts(firstChoices('./opt', known, 16e9), found),
    canRetrain: true,
    texts: found,
    sizes: Object.fromEntries(found.map((path) => [path, 60_000])),
    taken: ['opt', 'text', 'opt-alps50'],
  }
}

/** What `text` comes to, with these problems at their fields. */
export function recordedAnswer(text: string, problems: PlannedText['problems'] = []): ToRecipe {
  const plan = { ...recordedPlan(recordedModel(12)), errors: [], warnings: [], problems, budgets: [] }
  const errors = problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
  return { type: 'planned', text, plan: { ...plan, errors }, problem: null }
}
