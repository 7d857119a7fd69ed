// Where a recovery stands: what must come before it, and what it would undo.
import { methodOf } from '../../methods/methods.ts'
import { isBlockwise } from '../../plan/passes.ts'
import { recoveryPlace, type ResolvedRecover } from '../resolve.ts'
import { defineRule } from '../rule.ts'

export const r11 = defineRule({
  id: 'R11',
  severity: 'error',
  title: 'A recovery towards dense weights that are not there',
  why: '`reconstruct` and `refit` fit pruned blocks to the dense ones of the same run. Of a model that was pruned before, the dense weights are gone: it can be retrained.',
  bad: 'recover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, has }) {
    if (has(['prune', 0])) return
    for (const { path, resolved } of recoveries) {
      if (!isBlockwise(resolved)) continue
      const mode = [...path, 'mode']
      yield {
        at: has(mode) ? mode : { key: path },
        from: [['prune'], mode],
        message: `Mode ${resolved.mode} fits pruned weights to the dense ones of the same run: add prune, or use mode retrain.`,
      }
    }
  },
})

export const r12 = defineRule({
  id: 'R12',
  severity: 'warning',
  title: 'A recovery that takes back the one before',
  why: 'Recoveries apply in order. `refit` solves for the kept weights anew, towards the outputs of the dense ones, and `reconstruct` pulls each block towards its dense outputs: what a recovery before them has learnt goes in whole or in part. The usual order is refit, reconstruct, retrain.',
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: [{mode: retrain, data: a.jsonl, seq_len: 64, train: [full]}, {mode: refit}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\nrecover: [{mode: refit}, {mode: retrain, data: a.jsonl, seq_len: 64, train: [full]}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, resolved: recipe, has }) {
    for (const [i, { path, resolved }] of recoveries.entries()) {
      const undone = recipe.recover.findIndex((before, j) => j < i && undoes(resolved, before))
      if (undone < 0) continue
      const mode = [...path, 'mode']
      const { mode: before } = recipe.recover[undone]
      yield {
        at: has(mode) ? mode : path,
        from: [mode, [...recoveries[undone].path, 'mode']],
        message: `${resolved.mode} fits to the dense outputs again and takes back what ${recoveryPlace(recipe, undone)} (${before}) has learnt: put it before.`,
      }
    }
  },
})

function undoes(later: ResolvedRecover, before: ResolvedRecover): boolean {
  if (later.mode === 'refit') return before.mode !== 'refit'
  return later.mode === 'reconstruct' && before.mode === 'retrain'
}

export const r13 = defineRule({
  id: 'R13',
  severity: 'hint',
  title: 'Fitting what the method has fitted',
  why: '`refit` solves for the weights that a mask keeps. ALPS ends with the same least squares, so that a refit after it takes its time and gains nothing: SmolLM2-135M stood at 64.79 after ALPS at 50 %, at 107.58 at 2:4, and refitted at 65.03 and 108.80. After ADMM it gains little (67.05 and 117.05, refitted 67.00 and 114.42), after magnitude, Wanda and SparseGPT much.',
  bad: 'prune: [{method: alps, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, sparsity: 0.3}]\nrecover: {mode: refit}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ recoveries, resolved: { prune } }) {
    const methods = prune.map(({ method }) => method)
    if (methods.length === 0 || !methods.every((method) => methodOf(method).fits)) return
    for (const { path, resolved } of recoveries) {
      if (resolved.mode !== 'refit') continue
      const mode = [...path, 'mode']
      yield {
        at: mode,
        from: [mode, ...prune.map((_, i) => ['prune', i, 'method'])],
        message: `${methodOf(methods[0]).title} has fitted the weights of its mask already: refit gains nothing here, reconstruct and retrain do.`,
      }
    }
  },
})
