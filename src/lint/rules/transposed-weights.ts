import { parseNm } from '../../catalog/formats/sparsity.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'T13',
  severity: 'info',
  needs: 'model',
  title: 'Weights that are stored [in, out]',
  why: 'GPT-2 stores its matrices transposed (`Conv1D`). Rows and groups still run along the inputs, so tools that read the stored layout count them the other way round.',
  bad: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const group = parseNm(step.pattern)
      if (!group && step.scope !== 'row') continue
      const transposed = context.prunedBy(step).find((m) => m.transposed)
      if (!transposed) continue
      yield {
        at: ['prune', i, group ? 'pattern' : 'scope'],
        message: `${transposed.name} is stored [in, out]: ${group ? 'groups' : 'rows'} are taken along the inputs, which are the rows of the file here.`,
      }
    }
  },
}
