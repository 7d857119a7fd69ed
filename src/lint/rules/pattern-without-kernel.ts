import { nmSteps } from '../context.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N4',
  severity: 'info',
  title: 'A pattern that no hardware speeds up',
  why: 'Sparse tensor cores support 2:4 only. Semi-structured tensors of PyTorch use it; vLLM removed its support in 2026 (vllm#36799). Other patterns cost accuracy and gain no speed.',
  bad: 'prune: [{pattern: "4:8"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check(context) {
    for (const { step, at } of nmSteps(context)) {
      if (step.pattern === '2:4') continue
      yield {
        at: at('pattern'),
        message: `No kernel is faster at ${step.pattern}: hardware supports 2:4 only. Unstructured sparsity costs less accuracy.`,
      }
    }
  },
}
