// All that a plan finds wrong with a recipe, with or without its model.
import type { ResolvedRecipe } from '../recipe/resolve.ts'
import { dataFindings } from './checks/data.ts'
import { recoveryFindings } from './checks/recoveries.ts'
import { saveFindings } from './checks/save.ts'
import { stepFindings } from './checks/steps.ts'
import { targetFindings } from './checks/targets.ts'
import type { ModelView } from './modelView.ts'
import type { PlanFinding } from './planFinding.ts'

export function planFindings(recipe: ResolvedRecipe, model: ModelView | null): PlanFinding[] {
  return [
    ...(model ? targetFindings(recipe, model) : []),
    ...stepFindings(recipe, model),
    ...recoveryFindings(recipe, model),
    ...dataFindings(recipe, model),
    ...saveFindings(recipe, model),
  ]
}
