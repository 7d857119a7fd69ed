// The learning rate and its warm-up.
import { numberText, remove, replaceValue } from '../edits.ts'
import { defineRule } from '../rule.ts'
import { unknownKeys } from '../unknownKeys.ts'

const grid = [5e-6, 1e-5, 5e-5, 1e-4, 5e-4]

export const l1 = defineRule({
  id: 'L1',
  severity: 'hint',
  title: "A learning rate outside the paper's grid",
  why: 'PERP tunes the rate over 5e-6, 1e-5, 5e-5, 1e-4 and 5e-4 on models of a billion parameters and more. Small models can want more.',
  bad: 'recover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm], lr: 5.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries }) {
    for (const { path, written } of recoveries) {
      const { lr } = written
      if (lr === undefined || grid.some((g) => Math.abs(g - lr) < g * 1e-6)) continue
      const distance = (g: number) => Math.abs(Math.log(g / lr))
      const best = numberText(grid.reduce((a, b) => (distance(b) < distance(a) ? b : a)))
      const at = [...path, 'lr']
      yield {
        at,
        message: `The paper's rates are 5e-6 to 5e-4; the nearest is ${best}.`,
        fixes: [{ title: `Write ${best}`, edits: replaceValue(document, at, best) }],
      }
    }
  },
})

export const l2 = defineRule({
  id: 'L2',
  severity: 'error',
  explains: true,
  title: 'An impossible learning rate',
  why: 'At 0 nothing is learned; above 0.1 AdamW leaves every basin at once.',
  bad: 'recover: {train: [norm], lr: 0}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'recover: {train: [norm], lr: 5.0e-4}\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, recoveries, get }) {
    for (const { path } of recoveries) {
      const at = [...path, 'lr']
      const lr = get(at)
      if (typeof lr !== 'number' || (lr > 0 && lr <= 0.1)) continue
      yield {
        at,
        message: `lr ${lr} ${lr > 0.1 ? 'is far too large' : 'trains nothing'}: rates lie between 5.0e-6 and 5.0e-3.`,
        fixes: [{ title: 'Write 5.0e-4', edits: replaceValue(document, at, '5.0e-4') }],
      }
    }
  },
})

export const l3 = defineRule({
  id: 'L3',
  severity: 'error',
  explains: true,
  title: 'Warm-up as long as training',
  why: 'The rate rises from 0 over the first tenth of the steps, rounded up when retraining. With a single step all of it is warm-up, at rate 0, and nothing is learned. The share is fixed, as in the paper.',
  bad: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 1}\nsave: {to: out}',
  good: 'recover: {mode: retrain, data: a.jsonl, seq_len: 64, train: [norm], steps: 100}\nsave: {to: out}',
  *check(context) {
    const { document, recoveries, has } = context
    for (const { path, resolved } of recoveries) {
      const at = [...path, 'steps']
      if (resolved.mode !== 'retrain' || resolved.steps !== 1 || !has(at)) continue
      yield {
        at,
        message: 'The only step is warm-up, at rate 0, and trains nothing: use more steps.',
        fixes: [{ title: 'Write 1000', edits: replaceValue(document, at, '1000') }],
      }
    }
    for (const { key, path } of unknownKeys(context)) {
      if (!/^warm_?up/.test(key)) continue
      yield {
        at: { key: path },
        message: `Warm-up is always 10 % of the steps here: remove ${key}.`,
        fixes: [{ title: `Remove ${key}`, edits: remove(document, path) }],
      }
    }
  },
})
