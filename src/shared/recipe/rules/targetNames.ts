// Targets and ignore entries by name.
import { remove, replaceValue } from '../edits.ts'
import { nearest } from '../nearest.ts'
import { regexSource, rewrite } from '../patternText.ts'
import { defineRule } from '../rule.ts'

export const t1 = defineRule({
  id: 'T1',
  severity: 'error',
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

export const t2 = defineRule({
  id: 'T2',
  severity: 'error',
  explains: true,
  foreign: 'too',
  title: 'A target that ends in .weight',
  why: 'Targets match names of modules, not of tensors: with `.weight` at its end an entry matches nothing, in compressed-tensors as here. Published recipes have this mistake.',
  bad: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1.weight"]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: ["re:.*fc1$"]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      const better = entry.matcher.entry.replace(/(?:\\?\.)(?:weight|bias)(\$?)$/, '$1')
      if (better === entry.matcher.entry) continue
      yield {
        at: entry.path,
        message: `Targets are names of modules, not of tensors: write ${better}.`,
        fixes: [rewrite(context, entry, better)],
      }
    }
  },
})

export const t7 = defineRule({
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

export const t9 = defineRule({
  id: 'T9',
  severity: 'error',
  explains: true,
  foreign: 'too',
  title: 'A word where a list of targets is needed',
  why: 'llm-compressor takes such a word letter by letter and matches nothing. Targets are a list.',
  bad: 'prune: [{sparsity: 0.3, targets: Linear}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check({ document, targetLists }) {
    for (const { path, value } of targetLists) {
      if (typeof value !== 'string') continue
      const range = document.nodeAt(path)?.range
      const text = range ? document.text.slice(range[0], range[1]) : ''
      yield {
        at: path,
        message: `${String(path.at(-1))} is a list: put it in brackets.`,
        fixes: [{ title: `[${text}]`, edits: replaceValue(document, path, `[${text}]`) }],
      }
    }
  },
})

export const t14 = defineRule({
  id: 'T14',
  severity: 'error',
  explains: true,
  foreign: 'too',
  title: "SparseML's word for everything",
  why: '`__ALL__` and `__ALL_PRUNABLE__` match nothing, here as in llm-compressor, whose documentation still names them. `Linear` is every projection inside the blocks.',
  bad: 'prune: [{sparsity: 0.3, targets: [__ALL_PRUNABLE__]}]\nsave: {to: out}',
  good: 'prune: [{sparsity: 0.3, targets: [Linear]}]\nsave: {to: out}',
  *check(context) {
    for (const entry of context.entries) {
      if (!/^__ALL(?:_PRUNABLE)?__$/.test(entry.matcher.entry)) continue
      yield {
        at: entry.path,
        message: `${entry.matcher.entry} matches nothing: write Linear for every projection inside the blocks.`,
        fixes: [rewrite(context, entry, 'Linear')],
      }
    }
  },
})
