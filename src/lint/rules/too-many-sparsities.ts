import { replaceValue } from '../../recipe/edits.ts'
import { sparsityOfBlock } from '../../recipe/resolve.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'N7',
  severity: 'error',
  needs: 'model',
  title: 'More sparsities than blocks',
  why: 'A list is spread over the depth of the model. With more values than blocks some are never used (sparseml#1777).',
  bad: 'prune: [{sparsity: [0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.3, 0.4, 0.5, 0.4, 0.3, 0.2, 0.3]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: [0.3, 0.4]}]\nsave: {to: out}',
  *check({ document, resolved, model }) {
    const blocks = model?.modelConfig?.numBlocks
    if (blocks === undefined) return
    for (const [i, { sparsity }] of resolved.prune.entries()) {
      if (typeof sparsity === 'number' || sparsity.length <= blocks) continue
      const path = ['prune', i, 'sparsity']
      const spread = Array.from({ length: blocks }, (_, b) => Number(sparsityOfBlock(sparsity, b, blocks).toFixed(3)))
      yield {
        at: path,
        message: `This list has ${sparsity.length} values, the model ${blocks} blocks: give at most one value for each block.`,
        fixes: [
          { title: `Spread over ${blocks} blocks`, edits: replaceValue(document, path, `[${spread.join(', ')}]`) },
        ],
      }
    }
  },
}
