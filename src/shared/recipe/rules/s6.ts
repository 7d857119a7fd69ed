import { groupOf } from '../context.ts'
import type { LintContext } from '../context.ts'
import { dataUses } from '../dataUses.ts'
import type { Path } from '../document.ts'
import { remove } from '../edits.ts'
import { sideBySide } from '../resolve.ts'
import { defineRule } from '../rule.ts'

export const s6 = defineRule({
  id: 'S6',
  severity: 'warning',
  title: 'A key without effect',
  why: 'The key exists but does not apply to the chosen method, pattern or mode, so it is ignored; most likely something else was meant.',
  bad: 'prune: [{method: magnitude, dampening: 0.02}]',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]\ncalibration: {data: a.jsonl, seq_len: 64}',
  *check(context) {
    for (const [path, reason] of idle(context)) {
      if (!context.has(path)) continue
      const last = path.at(-1)
      const list = path.at(-2)
      const key = typeof last === 'number' ? `${String(context.get(path))} in ${String(list)}` : String(last)
      yield {
        at: { key: path },
        message: `${key} has no effect ${reason}: remove it.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(context.document, path) }],
      }
    }
  },
})

/** Keys that do nothing if they are there, and when that is. */
function* idle(context: LintContext): Iterable<[Path, string]> {
  const { resolved, recipe } = context
  for (const [i, step] of resolved.prune.entries()) {
    const at = (key: string): Path => ['prune', i, key]
    if (step.method !== 'sparsegpt') {
      for (const key of ['block_size', 'dampening']) yield [at(key), `with method ${step.method}, only with sparsegpt`]
    }
    if (groupOf(step)) for (const key of ['scope', 'selection']) yield [at(key), 'with an N:M pattern']
    else if (step.method === 'sparsegpt') yield [at('scope'), 'with sparsegpt, whose group is its column block']
  }
  const recover = resolved.recover
  if (recover?.mode === 'reconstruct') {
    for (const key of ['data', 'field', 'samples', 'seq_len']) {
      yield [['recover', key], 'in mode reconstruct, which uses the calibration set']
    }
    yield [['recover', 'clip_norm'], 'in mode reconstruct, which does not clip']
    if (recipe.recover?.window === 'submodule' && recover.window === 'block') yield [['recover', 'window'], sideBySide]
  } else if (recover) {
    for (const key of ['window', 'inputs']) yield [['recover', key], 'in mode retrain']
  }
  if (recover && !context.adapter && !recover.train.includes('head')) {
    yield [['recover', 'lora'], 'without an adapter or the head among train']
  } else if (context.adapter === 'scale_lora' && !recover?.train.includes('head')) {
    yield [['recover', 'lora', 'init'], 'with scale_lora, which always starts at 1']
  }
  yield* idleEvaluation(context)
  if (recipe.save === undefined) return
  if (resolved.prune.length === 0 && !recover) yield [['save'], 'without prune or recover, as nothing changes']
}

function* idleEvaluation({ resolved, recipe }: LintContext): Iterable<[Path, string]> {
  const { recover, prune } = resolved
  for (const { path, data } of dataUses(resolved)) {
    if (data.endsWith('.txt')) yield [[...path, 'field'], 'with a .txt file, which is one text']
  }
  for (const [i, evaluation] of resolved.evaluate.entries()) {
    const blocks = recover?.mode !== 'retrain'
    if (evaluation.every === undefined) continue
    if (!recover) yield [['evaluate', i, 'every'], 'without recover']
    else if (!blocks && evaluation.every > recover.steps)
      yield [['evaluate', i, 'every'], `with only ${recover.steps} steps`]
  }
  for (const [i, evaluation] of (recipe.evaluate ?? []).entries()) {
    for (const [j, stage] of (evaluation.at ?? []).entries()) {
      if (stage === 'pruned' && prune.length === 0) yield [['evaluate', i, 'at', j], 'without prune']
    }
  }
}
