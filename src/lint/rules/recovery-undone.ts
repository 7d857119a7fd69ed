import { recoveryPlace, type ResolvedRecover } from '../../recipe/resolve.ts'
import type { RuleFile } from '../rule.ts'

export const rule: RuleFile = {
  id: 'R12',
  severity: 'warning',
  title: 'A recovery that undoes the one before',
  why: 'Recoveries apply in order. `refit` solves for the kept weights again, towards the outputs of the dense ones, and `reconstruct` fits each block to its dense outputs. Both remove some or all of an earlier recovery or merge. The usual order is refit, reconstruct, retrain.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: [{mode: retrain, data: a.jsonl, seq_len: 64, train: [full]}, {mode: refit}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: [{mode: refit}, {mode: retrain, data: a.jsonl, seq_len: 64, train: [full]}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, resolved: recipe, has }) {
    // Cached by mode, because the list may be long.
    const first = new Map<string, number>()
    const firstUndone = (later: ResolvedRecover) => {
      const known = first.get(later.mode) ?? recipe.recover.findIndex((before) => undoes(later, before))
      first.set(later.mode, known)
      return known
    }
    for (const [i, { path, resolved }] of recoveries.entries()) {
      const undone = firstUndone(resolved)
      if (undone < 0 || undone >= i) continue
      const mode = [...path, 'mode']
      const { mode: before } = recipe.recover[undone]
      yield {
        at: has(mode) ? mode : path,
        from: [mode, [...recoveries[undone].path, 'mode']],
        message: `${resolved.mode} fits to the dense outputs again and undoes ${recoveryPlace(recipe, undone)} (${before}): put it before that.`,
      }
    }
  },
}

function undoes(later: ResolvedRecover, before: ResolvedRecover): boolean {
  if (later.mode === 'refit') return before.mode !== 'refit'
  return later.mode === 'reconstruct' && (before.mode === 'retrain' || before.mode === 'merge')
}
