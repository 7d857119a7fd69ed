// What pruning methods look at.
import { isMethodName, methodOf, needsData, needsHessian, type MethodName } from '../../methods/methods.ts'
import type { RecoveryEntry } from '../context.ts'
import type { Path } from '../document.ts'
import type { ModelModule } from '../facts.ts'
import { insertKey, remove, replaceValue } from '../edits.ts'
import { stepNeedsData } from '../resolve.ts'
import { defineRule, type Report } from '../rule.ts'

export const m1 = defineRule({
  id: 'M1',
  severity: 'error',
  title: 'Data is needed, and none is named',
  why: 'Wanda and SparseGPT look at the inputs of every layer, reconstruction fits outputs on them: both need `calibration`. Retraining needs `recover.data`.',
  bad: 'prune: [{method: wanda, sparsity: 0.5}]\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.5}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved, recoveries, has }) {
    const { prune } = resolved
    const modeOf = ({ path }: RecoveryEntry) => (has([...path, 'mode']) ? [...path, 'mode'] : { key: path })
    const block = '{data: path/to/text.jsonl, samples: 128, seq_len: 2048}'
    if (!has(['calibration'])) {
      const i = prune.findIndex(stepNeedsData)
      const fitting = recoveries.find(({ resolved }) => resolved.mode !== 'retrain')
      const edits = insertKey(document, [], 'calibration', block)
      const report = (why: string, at: Report['at'], from: Path): Report => ({
        at,
        message: `${why} needs calibration data: add calibration.`,
        from: [['calibration'], from],
        fixes: edits.length > 0 ? [{ title: 'Add calibration', edits }] : [],
      })
      const method = ['prune', i, 'method']
      if (i >= 0) {
        const why = needsData(prune[i].method) ? prune[i].method : `allocation ${prune[i].allocation}`
        yield report(why, has(method) ? method : ['prune', i], method)
      } else if (fitting) {
        const why = fitting.resolved.mode === 'refit' ? 'Refitting' : 'Reconstruction'
        yield report(why, modeOf(fitting), [...fitting.path, 'mode'])
      }
    }
    for (const recovery of recoveries) {
      const { path, resolved } = recovery
      if (resolved.mode !== 'retrain' || has([...path, 'data'])) continue
      const edits = insertKey(document, path, 'data', 'path/to/text.jsonl')
      yield {
        at: modeOf(recovery),
        message: 'Retraining needs data: add data to recover.',
        from: [[...path, 'data']],
        fixes: edits.length > 0 ? [{ title: 'Add data', edits }] : [],
      }
    }
  },
})

export const m2 = defineRule({
  id: 'M2',
  severity: 'hint',
  title: 'Calibration data that nothing uses',
  why: 'Magnitude and random pruning look at no data, and retraining has data of its own.',
  bad: 'prune: [{sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved }) {
    const used = resolved.prune.some(stepNeedsData)
    if (!resolved.calibration || used || resolved.recover.some(({ mode }) => mode !== 'retrain')) return
    yield {
      at: { key: ['calibration'] },
      message: 'Nothing uses calibration here: remove it.',
      from: [['prune'], ['recover']],
      fixes: [{ title: 'Remove calibration', edits: remove(document, ['calibration']) }],
    }
  },
})

const few = 32

interface Widest {
  readonly module: ModelModule
  readonly method: MethodName
}

export const m3 = defineRule({
  id: 'M3',
  severity: 'warning',
  title: 'Few calibration samples',
  why: "With few samples statistics are noisy, and SparseGPT's Hessian, which needs at least as many tokens as a layer has inputs, cannot be inverted (llm-compressor#142). The papers use 128.",
  bad: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 8, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.3}]\ncalibration: {data: a.jsonl, samples: 128, seq_len: 64}\nsave: {to: out}',
  *check(context) {
    const { document, resolved, has } = context
    const { calibration } = resolved
    if (!calibration) return
    const tokens = calibration.samples * calibration.seq_len
    const widest = resolved.prune
      .filter(({ method }) => needsHessian(method))
      .flatMap((step) => context.prunedBy(step).map((module) => ({ module, method: step.method })))
      .reduce<Widest | null>((most, one) => (most && most.module.columns >= one.module.columns ? most : one), null)
    const short = widest && widest.module.columns > tokens ? widest : null
    if (!short && calibration.samples >= few) return
    const enough = Math.max(128, Math.ceil((short?.module.columns ?? 0) / calibration.seq_len))
    const path = ['calibration', 'samples']
    yield {
      at: has(path) ? path : { key: ['calibration'] },
      // The others damp and iterate: fewer tokens than inputs make their result worse, and not impossible.
      severity: short && methodOf(short.method).inverts ? 'error' : 'warning',
      message: short
        ? `${short.method} sees fewer tokens than ${short.module.name} has inputs: ${tokens} for ${short.module.columns}, so that its Hessian is singular but for the dampening. Use ${enough} samples.`
        : `${calibration.samples} samples give noisy statistics: the papers use 128.`,
      fixes: has(path) ? [{ title: `Write ${enough}`, edits: replaceValue(document, path, String(enough)) }] : [],
    }
  },
})

export const m4 = defineRule({
  id: 'M4',
  severity: 'warning',
  explains: true,
  title: 'Unusual dampening',
  why: 'SparseGPT adds this share of the mean diagonal to the Hessian. At 0 the factorisation often fails (llm-compressor#1069); above 0.1 it forgets what the inputs look like. The paper uses 0.01.',
  bad: 'prune: [{method: sparsegpt, dampening: 0}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  good: 'prune: [{method: sparsegpt, dampening: 0.02}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, get }) {
    const prune = get(['prune'])
    if (!Array.isArray(prune)) return
    for (const i of prune.keys()) {
      const path = ['prune', i, 'dampening']
      const value = get(path)
      const method = get(['prune', i, 'method'])
      const usual = isMethodName(method) ? methodOf(method).keys.dampening : undefined
      if (usual === undefined || typeof value !== 'number') continue
      // Tenfold forgets what the inputs look like.
      if (value > 0 && value <= 10 * usual) continue
      yield {
        at: path,
        severity: value < 0 ? 'error' : 'warning',
        message: `dampening ${value} is ${value > 0 ? 'large' : 'too small'}: the usual share is ${usual}.`,
        fixes: [{ title: `Write ${usual}`, edits: replaceValue(document, path, String(usual)) }],
      }
    }
  },
})
