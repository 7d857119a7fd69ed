import { remove } from '../edits.ts'
import { nearest } from '../nearest.ts'
import { regexSource, rewrite } from '../../lint/patternText.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'T7',
  severity: 'warning',
  needs: 'model',
  title: 'An ignore entry that matches no module',
  why: 'Nothing is left out by it, and what was meant to be left out is pruned. An entry for the output head is fine in a model whose head is its embedding.',
  bad: 'prune: [{sparsity: 0.3, ignore: ["re:.*fcc1"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, ignore: ["re:.*fc1"]}]\nsave: {to: out}',
  *check(context) {
    const { modules, document } = context
    if (!modules) return
    for (const entry of context.entries) {
      const text = entry.matcher.entry
      if (entry.kind !== 'ignore' || entry.matcher.error !== null || context.matched(text).length > 0) continue
      if (/(?:lm_head|embed_out)\$?$/.test(text)) continue
      const meant =
        regexSource(text) === null
          ? nearest(
              text,
              modules.map((m) => m.name),
            )
          : null
      yield {
        at: entry.path,
        message: `${text} matches no module of the model${meant ? `: did you mean ${meant}?` : ', so it leaves nothing out.'}`,
        fixes: [
          ...(meant ? [rewrite(context, entry, meant)] : []),
          { title: `Remove ${text}`, edits: remove(document, entry.path) },
        ],
      }
    }
  },
})
