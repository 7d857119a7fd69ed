import { needsData } from '../../methods/methods.ts'
import type { RecoveryEntry } from '../../lint/context.ts'
import type { Path } from '../document.ts'
import { insertKey } from '../edits.ts'
import { stepNeedsData } from '../resolve.ts'
import { defineRule, type Report } from '../../lint/rule.ts'

export const rule = defineRule({
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
