// Reports of what is wrong with the checkpoint itself: all stand at `model`.
import type { LintContext } from './context.ts'
import type { ModelProblem } from './facts.ts'
import type { Report } from './rule.ts'

export function* modelProblems({ model }: LintContext, rule: ModelProblem['rule']): Iterable<Report> {
  for (const problem of model?.problems ?? [])
    if (problem.rule === rule) yield { at: ['model'], message: problem.message }
}
