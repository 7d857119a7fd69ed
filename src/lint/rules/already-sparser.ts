import { sparsityOfBlock } from '../../recipe/resolve.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N10',
  severity: 'warning',
  needs: 'model',
  title: 'The checkpoint is already sparser',
  why: 'The report beside the checkpoint says that it is already pruned, to a higher sparsity than this step requests. The step would change little, and recovery may fill zeros again.',
  bad: 'prune: [{sparsity: 0.1}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check(context) {
    const { model, resolved } = context
    if (!model?.sparsities) return
    const blocks = model.modelConfig?.numBlocks ?? 1
    for (const [i, step] of resolved.prune.entries()) {
      const sparser = context.prunedBy(step).filter((m) => {
        return (model.sparsities?.get(m.name) ?? 0) > sparsityOfBlock(step.sparsity, m.block ?? 0, blocks) + 0.01
      })
      if (sparser.length === 0) continue
      const has = Math.round((model.sparsities.get(sparser[0].name) ?? 0) * 1000) / 10
      yield {
        at: context.has(['prune', i, 'sparsity']) ? ['prune', i, 'sparsity'] : ['prune', i],
        message: `${sparser[0].name}${sparser.length > 1 ? ` and ${sparser.length - 1} more are` : ' is'} already sparser (${has} %): raise the sparsity, or remove this step.`,
      }
    }
  },
}
