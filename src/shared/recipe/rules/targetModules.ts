// What targets reach: heads, fused and transposed weights, the same module twice.
import { groupOf } from '../context.ts'
import { appendItem, insertKey, remove } from '../edits.ts'
import { isPrunable, type ModelModule } from '../facts.ts'
import { rewrite } from '../patternText.ts'
import { defineRule } from '../rule.ts'

export const t8 = defineRule({
  id: 'T8',
  severity: 'warning',
  needs: 'model',
  title: 'The output head is a target',
  why: 'Pruning the head costs far more than pruning a block; the papers leave it alone, and so does SparseScope, whatever matches it. llm-compressor prunes it with `targets: [Linear]` and even with `ignore: [lm_head]` (llm-compressor#1142).',
  bad: 'prune: [{sparsity: 0.3, targets: [Linear, "re:.*lm_head"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear], ignore: ["re:.*lm_head"]}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const ignored = new Set(step.ignore.flatMap((e) => context.matched(e)))
      const head = step.targets.flatMap((e) => context.matched(e)).find((m) => m.kind === 'head' && !ignored.has(m))
      if (!head) continue
      const path = ['prune', i, 'ignore']
      const entry = JSON.stringify(`re:.*${head.name.split('.').at(-1)}`)
      const edits = context.has(path)
        ? appendItem(context.document, path, entry)
        : insertKey(context.document, ['prune', i], 'ignore', `[${entry}]`)
      yield {
        at: ['prune', i, 'targets'],
        message: `This matches the output head ${head.name}, which stays dense here and would be pruned by other tools: add ${entry} to ignore.`,
        fixes: [{ title: `Ignore ${head.name}`, edits }],
      }
    }
  },
})

export const t10 = defineRule({
  id: 'T10',
  severity: 'error',
  needs: 'model',
  title: 'Two steps prune the same module',
  why: 'Which one should count? With different settings one of the two is a mistake; with equal ones the second step does nothing (llm-compressor#1231).',
  bad: 'prune:\n  - {sparsity: 0.3}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  good: 'prune:\n  - {sparsity: 0.3, ignore: ["re:.*fc1"]}\n  - {sparsity: 0.5, targets: ["re:.*fc1"]}\nsave: {to: out}',
  *check(context) {
    const steps = context.resolved.prune
    const prunedIn = new Map<ModelModule, number>()
    for (const [i, step] of steps.entries()) {
      const mine = context.prunedBy(step)
      const both = mine.filter((m) => prunedIn.has(m))
      for (const m of mine) if (!prunedIn.has(m)) prunedIn.set(m, i)
      if (both.length === 0) continue
      const j = prunedIn.get(both[0]) ?? 0
      const settings = (k: number) => JSON.stringify({ ...steps[k], targets: [], ignore: [] })
      const equal = settings(i) === settings(j)
      const path = ['prune', i]
      yield {
        at: context.has([...path, 'targets']) ? [...path, 'targets'] : path,
        severity: equal ? 'hint' : 'error',
        message: `Step ${i} prunes ${both[0].name}${both.length > 1 ? ` and ${both.length - 1} more` : ''}, as step ${j} does already${equal ? '' : ' with other settings'}: narrow one of them.`,
        fixes:
          both.length === mine.length ? [{ title: `Remove step ${i}`, edits: remove(context.document, path) }] : [],
      }
    }
  },
})

const kinds: Record<string, string> = {
  embedding: 'an embedding',
  norm: 'a norm',
  router: 'a router',
  head: 'the output head',
}

export const t11 = defineRule({
  id: 'T11',
  severity: 'error',
  needs: 'model',
  title: 'A target that cannot be pruned',
  why: 'Only the projections inside the blocks are pruned: embeddings are looked up, norms have no inputs to choose from, and pruned routers or heads ruin a model.',
  bad: 'prune: [{sparsity: 0.3, targets: [Linear, model.decoder.embed_tokens]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const matched = context.matched(entry.matcher.entry)
      const wrong = matched.filter((m) => !isPrunable(m) && m.kind !== 'head')
      if (entry.kind !== 'targets' || matched.length === 0) continue
      if (
        matched.some(isPrunable) ||
        (wrong.length === 0 && context.prunedBy(context.resolved.prune[entry.step]).length > 0)
      )
        continue
      const [{ name, kind }] = matched
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} matches ${name}, ${kinds[kind] ?? 'no projection inside the blocks'}, which is not pruned: name linears of the blocks.`,
        fixes:
          context.resolved.prune[entry.step].targets.length > 1
            ? [{ title: `Remove ${entry.matcher.entry}`, edits: remove(context.document, entry.path) }]
            : [],
      }
    }
  },
})

/** Projections of their own in most models, and the fused modules that others have instead. */
const fused: readonly [RegExp, readonly string[]][] = [
  [/\b[qkv]_proj\b/, ['qkv_proj', 'query_key_value', 'c_attn', 'Wqkv']],
  [/\b(?:gate|up)_proj\b/, ['gate_up_proj']],
]

export const t12 = defineRule({
  id: 'T12',
  severity: 'info',
  needs: 'model',
  title: 'A part of a fused projection',
  why: 'Some models keep query, key and value (or gate and up) in one matrix: no target can match one part of it, only the whole.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*q_proj"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*query_key_value"]}]\nsave: {to: out}',
  *check(context) {
    if (!context.modules) return
    const names = new Set(context.modules.map((m) => m.name.split('.').at(-1) ?? ''))
    for (const entry of context.entries) {
      if (context.matched(entry.matcher.entry).length > 0) continue
      for (const [part, wholes] of fused) {
        const found = part.exec(entry.matcher.entry)
        const whole = wholes.find((w) => names.has(w))
        if (!found || whole === undefined) continue
        yield {
          at: entry.path,
          message: `This model keeps ${found[0]} inside the fused ${whole}, which can only be matched whole.`,
          fixes: [rewrite(context, entry, `re:.*${whole}$`)],
        }
      }
    }
  },
})

export const t13 = defineRule({
  id: 'T13',
  severity: 'info',
  needs: 'model',
  title: 'Weights that are stored [in, out]',
  why: 'GPT-2 stores its matrices transposed (`Conv1D`). Rows and groups are taken along the inputs all the same, so tools that look at the file as it stands count them the other way round.',
  bad: 'prune: [{pattern: "2:4"}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3}]\nsave: {to: out}',
  *check(context) {
    for (const [i, step] of context.resolved.prune.entries()) {
      const group = groupOf(step)
      if (!group && step.scope !== 'row') continue
      const transposed = context.prunedBy(step).find((m) => m.transposed)
      if (!transposed) continue
      yield {
        at: ['prune', i, group ? 'pattern' : 'scope'],
        message: `${transposed.name} is stored [in, out]: ${group ? 'groups' : 'rows'} are taken along the inputs, which are the rows of the file here.`,
      }
    }
  },
})
