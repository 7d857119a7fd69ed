// N:M patterns.
import { methodOf } from '../../methods/methods.ts'
import { groupOf } from '../context.ts'
import { appendItem, insertKey, remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const n1 = defineRule({
  id: 'N1',
  severity: 'error',
  title: 'Sparsity and N:M disagree',
  why: 'N zeros in each M weights is a sparsity of N/M, no other. PERP refuses another value, llm-compressor ignores it.',
  bad: 'prune: [{pattern: "2:4", sparsity: 0.6}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4", sparsity: 0.5}]\nsave: {to: out}',
  *check({ document, resolved, recipe }) {
    for (const [i, step] of resolved.prune.entries()) {
      const group = groupOf(step)
      const given = recipe.prune?.[i].sparsity
      if (!group || typeof given !== 'number') continue
      const share = group.n / group.m
      if (Math.abs(given - share) < 5e-3) continue
      const path = ['prune', i, 'sparsity']
      const text = String(Number(share.toFixed(4)))
      yield {
        at: path,
        message: `${step.pattern} means ${group.n} zeros in each ${group.m} weights, a sparsity of ${text}: write that, or remove the pattern.`,
        fixes: [
          { title: `Write ${text}`, edits: replaceValue(document, path, text) },
          { title: 'Remove the pattern', edits: remove(document, ['prune', i, 'pattern']) },
        ],
      }
    }
  },
})

export const n2 = defineRule({
  id: 'N2',
  severity: 'error',
  needs: 'model',
  title: 'M does not divide the number of inputs',
  why: 'Groups of M lie along the inputs of a row; a last group with fewer than M would be pruned too much.',
  bad: 'prune: [{pattern: "2:5"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const group = groupOf(step)
      if (!group) continue
      const modules = context.prunedBy(step)
      const wrong = modules.filter((m) => m.columns % group.m !== 0)
      if (wrong.length === 0) continue
      const names = wrong.slice(0, 3).map((m) => `${m.name} (${m.columns} inputs)`)
      const more = wrong.length > 3 ? ` and ${wrong.length - 3} more` : ''
      const last = [...new Set(wrong.map((m) => m.name.split('.').at(-1)))]
      const entry = JSON.stringify(`re:.*${last.length > 1 ? `(?:${last.join('|')})` : last[0]}$`)
      const path = ['prune', i, 'ignore']
      const edits = context.has(path)
        ? appendItem(context.document, path, entry)
        : insertKey(context.document, ['prune', i], 'ignore', `[${entry}]`)
      yield {
        at: ['prune', i, 'pattern'],
        message: `Groups of ${group.m} do not fit ${names.join(', ')}${more}: ignore them or choose another pattern.`,
        fixes: wrong.length < modules.length ? [{ title: 'Ignore them', edits }] : [],
      }
    }
  },
})

export const n3 = defineRule({
  id: 'N3',
  severity: 'warning',
  title: 'N:M with N other than M/2',
  why: 'Some count the zeros, some the weights that stay; at 2:4 and 4:8 it is the same. Here N is the number of **zeros** in each M (SparseLLM#10).',
  bad: 'prune: [{pattern: "3:4"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check({ document, resolved }) {
    for (const [i, step] of resolved.prune.entries()) {
      const group = groupOf(step)
      if (!group || group.n * 2 === group.m) continue
      const { n, m } = group
      const other = `"${m - n}:${m}"`
      const path = ['prune', i, 'pattern']
      yield {
        at: path,
        message: `${step.pattern} makes ${n} zeros in each ${m} weights, not ${m - n}. If you count the weights that stay, write ${other}.`,
        fixes: [{ title: `${other}: ${m - n} zeros of ${m}`, edits: replaceValue(document, path, other) }],
      }
    }
  },
})

export const n4 = defineRule({
  id: 'N4',
  severity: 'info',
  title: 'A pattern that no hardware speeds up',
  why: 'Sparse tensor cores read 2:4 only, and even that was removed from vLLM in 2026 (vllm#36799). Other patterns cost accuracy and gain no speed.',
  bad: 'prune: [{pattern: "4:8"}]\nsave: {to: out}',
  good: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  *check({ resolved }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (!groupOf(step) || step.pattern === '2:4') continue
      yield {
        at: ['prune', i, 'pattern'],
        message: `No kernel is faster at ${step.pattern}: hardware knows 2:4 only. Unstructured sparsity costs less accuracy.`,
      }
    }
  },
})

export const n5 = defineRule({
  id: 'N5',
  severity: 'error',
  title: 'block_size is not a multiple of M',
  why: 'SparseGPT chooses N:M groups inside its column blocks: with another size the groups shift from block to block, and more is pruned than asked.',
  bad: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 6}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, pattern: "2:4", block_size: 8}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved, has }) {
    for (const [i, step] of resolved.prune.entries()) {
      const group = groupOf(step)
      const { block_size: size } = step
      if (!group || !methodOf(step.method).columnBlocks || size === undefined || size % group.m === 0) continue
      const better = Math.max(1, Math.round(size / group.m)) * group.m
      const path = ['prune', i, 'block_size']
      yield {
        at: has(path) ? path : ['prune', i, 'pattern'],
        message: `block_size ${size} is not a multiple of ${group.m}: set it to ${better}.`,
        fixes: has(path) ? [{ title: `Write ${better}`, edits: replaceValue(document, path, String(better)) }] : [],
      }
    }
  },
})

export const n9 = defineRule({
  id: 'N9',
  severity: 'warning',
  title: 'Sparsity over depth together with N:M',
  why: 'An N:M pattern fixes the sparsity of every row, so a list of sparsities has no effect.',
  bad: 'prune: [{pattern: "2:4", sparsity: [0.4, 0.6]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: [0.3, 0.4]}]\nsave: {to: out}',
  *check({ document, resolved, recipe }) {
    for (const [i, step] of resolved.prune.entries()) {
      if (!groupOf(step) || !Array.isArray(recipe.prune?.[i].sparsity)) continue
      yield {
        at: ['prune', i, 'sparsity'],
        message: `A list of sparsities has no effect with ${step.pattern}: remove the list or the pattern.`,
        fixes: [
          { title: 'Remove the list', edits: remove(document, ['prune', i, 'sparsity']) },
          { title: 'Remove the pattern', edits: remove(document, ['prune', i, 'pattern']) },
        ],
      }
    }
  },
})
