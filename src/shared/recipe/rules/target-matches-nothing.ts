import { nearest } from '../nearest.ts'
import { regexSource, rewrite } from '../../lint/patternText.ts'
import { defineRule } from '../../lint/rule.ts'

export const rule = defineRule({
  id: 'T1',
  severity: 'error',
  voice: 'general',
  needs: 'model',
  title: 'A target that matches no module',
  why: 'Nothing would be pruned by it. Names are those of the checkpoint without `.weight`; a regular expression must match from the start of the name (axolotl#2792).',
  bad: 'prune: [{sparsity: 0.3, targets: [model.decoder.layers.0.fc3]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [model.decoder.layers.0.fc1]}]\nsave: {to: out}',
  *check(context) {
    const { modules } = context
    if (!modules) return
    for (const entry of context.entries) {
      const text = entry.matcher.entry
      if (entry.kind !== 'targets' || entry.matcher.error !== null || context.matched(text).length > 0) continue
      const names = modules.filter((m) => m.kind === 'linear').map((m) => m.name)
      // `fc1` means every module of that name, which is a regular expression here.
      const source = regexSource(text)
      const suffix = (source ?? text).replace(/\$$/, '')
      const ends = /^[\w.]+$/.test(suffix) && names.some((n) => n.endsWith(`.${suffix}`))
      const meant = source === null ? nearest(text, ['Linear', ...names]) : null
      const candidates = [ends ? `re:.*${suffix.replaceAll('.', '\\.')}$` : null, meant].filter((c) => c !== null)
      yield {
        at: entry.path,
        message:
          candidates.length > 0
            ? `${text} matches no module of the model: did you mean ${candidates.join(' or ')}?`
            : `${text} matches no module of the model. Names look like ${names[0] ?? 'those of the model'}.`,
        fixes: candidates.map((c) => rewrite(context, entry, c)),
      }
    }
  },
})
