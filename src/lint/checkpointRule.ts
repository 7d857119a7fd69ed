// Rules about a checkpoint that cannot be used: reading it says what is wrong, a rule says why that matters.
import type { ModelProblem } from '../recipe/facts.ts'
import type { RuleFile } from './rule.ts'

/** A valid recipe, for the documentation: problems of a checkpoint show in no recipe. */
const anyRecipe = 'prune: [{sparsity: 0.3}]\nsave: {to: out}'

export function checkpointRule(problem: ModelProblem['rule'], about: Pick<RuleFile, 'id' | 'title' | 'why'>): RuleFile {
  return {
    ...about,
    severity: 'error',
    needs: 'model',
    bad: anyRecipe,
    good: anyRecipe,
    *check({ model }) {
      for (const { rule, message } of model?.problems ?? []) if (rule === problem) yield { at: ['model'], message }
    },
  }
}
