import { nmSteps } from '../context.ts'
import { replaceValue } from '../../recipe/edits.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N3',
  severity: 'warning',
  title: 'N:M with N other than M/2',
  why: 'Some tools count the zeros, others the weights that stay; the two agree at 2:4 and 4:8. Here N is the number of **zeros** in each M (SparseLLM#10).',
  bad: 'prune: [{pattern: "3:4"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check(context) {
    for (const { n, m, step, at } of nmSteps(context)) {
      if (n * 2 === m) continue
      const other = `"${m - n}:${m}"`
      yield {
        at: at('pattern'),
        message: `${step.pattern} prunes ${n} of each ${m} weights, not ${m - n}. If you count the weights that stay, write ${other}.`,
        fixes: [
          { title: `${other}: prune ${m - n} of ${m}`, edits: replaceValue(context.document, at('pattern'), other) },
        ],
      }
    }
  },
}
