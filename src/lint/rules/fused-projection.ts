import { rewrite } from '../sourceText.ts'
import type { RuleFile } from '../rule.ts'

/** Projections that are separate in most models, and the fused modules that other models have instead. */
const fused: readonly [RegExp, readonly string[]][] = [
  [/\b[qkv]_proj\b/, ['qkv_proj', 'query_key_value', 'c_attn', 'Wqkv']],
  [/\b(?:gate|up)_proj\b/, ['gate_up_proj']],
]

export const rule: RuleFile = {
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
}
