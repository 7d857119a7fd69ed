// How much is pruned, and in which group.
import { andList, largest } from '../../format/lists.ts'
import { methodOf, methodsWithData, refusesScope } from '../../methods/methods.ts'
import { groupOf } from '../context.ts'
import { replaceValue } from '../edits.ts'
import { sparsityOfBlock } from '../resolve.ts'
import { defineRule } from '../rule.ts'

export const n6 = defineRule({
  id: 'N6',
  severity: 'error',
  explains: true,
  title: 'A sparsity that looks like a percentage',
  why: 'Sparsity is a fraction between 0 and 1.',
  bad: 'prune: [{sparsity: 30}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check({ document, get }) {
    const prune = get(['prune'])
    if (!Array.isArray(prune)) return
    for (const i of prune.keys()) {
      const path = ['prune', i, 'sparsity']
      const value = get(path)
      const all = Array.isArray(value) ? value.map((v, j) => [v, [...path, j]] as const) : [[value, path] as const]
      for (const [v, at] of all) {
        const percent = typeof v === 'string' ? Number(/^(\d+(?:\.\d+)?)\s*%$/.exec(v)?.[1]) : v
        if (typeof percent !== 'number' || !Number.isFinite(percent) || (percent < 1 && typeof v === 'number')) continue
        const better = Number((percent / 100).toPrecision(6))
        const usable = better > 0 && better < 1 && percent !== 1
        yield {
          at,
          message: usable
            ? `Sparsity is a fraction: write ${better} for ${percent} %.`
            : `Sparsity is a fraction below 1: at ${String(v)} nothing would be left.`,
          fixes: usable ? [{ title: `Write ${better}`, edits: replaceValue(document, at, String(better)) }] : [],
        }
      }
    }
  },
})

export const n7 = defineRule({
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
})

export const n10 = defineRule({
  id: 'N10',
  severity: 'warning',
  needs: 'model',
  title: 'The checkpoint is sparser than asked',
  why: 'The report beside the checkpoint says that it is pruned already, and further than this step asks: the step would change little, and recovery may fill zeros again.',
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
        message: `${sparser[0].name}${sparser.length > 1 ? ` and ${sparser.length - 1} more are` : ' is'} sparser already (${has} %): raise the sparsity, or remove this step.`,
      }
    }
  },
})

export const n11 = defineRule({
  id: 'N11',
  severity: 'warning',
  title: 'Magnitude pruning at high sparsity without recovery',
  why: 'Above half, magnitude pruning breaks language models: OPT-6.7B goes from 11 to 532 in perplexity at 50 % and to thousands at 60 % (arXiv 2406.07831). Retraining a few weights brings most of it back; that is the point of PERP.',
  bad: 'prune: [{method: magnitude, sparsity: 0.7}]\nsave: {to: out}',
  good: 'prune: [{method: magnitude, sparsity: 0.7}]\nrecover: {train: [bias, norm]}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ resolved, get }) {
    const written = get(['recover'])
    // Also where it is written wrongly.
    if (written !== undefined && !(Array.isArray(written) && written.length === 0)) return
    for (const [i, step] of resolved.prune.entries()) {
      const most = largest([step.sparsity].flat(), 0, (s) => s)
      const { needs, seeded } = methodOf(step.method)
      if (needs !== 'nothing' || seeded || groupOf(step) || most <= 0.5) continue
      yield {
        at: ['prune', i, 'sparsity'],
        message: `Magnitude pruning to ${most} breaks most models when nothing is retrained: add recover, or use ${andList(methodsWithData, 'or')}.`,
      }
    }
  },
})

export const n12 = defineRule({
  id: 'N12',
  severity: 'error',
  title: 'A scope that the method does not know',
  why: 'Methods that correct weights solve one matrix at a time: which weights of the whole model are the least is not known before the last one is solved.',
  bad: 'prune: [{method: alps, scope: global}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: alps, scope: row}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (groupOf(step) || !refusesScope(step.method, step.scope)) continue
      const { scopes } = methodOf(step.method)
      const path = ['prune', i, 'scope']
      yield {
        at: path,
        message: `${step.method} knows no scope ${step.scope}: write ${andList(scopes, 'or')}.`,
        fixes: [{ title: `Write ${scopes[0]}`, edits: replaceValue(document, path, scopes[0]) }],
      }
    }
  },
})
