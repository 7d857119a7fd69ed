import { needsData } from '../../methods/methods.ts'
import { insertKey } from '../edits.ts'
import { defineRule } from '../rule.ts'

export const m1 = defineRule({
  id: 'M1',
  severity: 'error',
  title: 'Data is needed, and none is named',
  why: 'Wanda and SparseGPT look at the inputs of every layer, reconstruction fits outputs on them: both need `calibration`. Retraining needs `recover.data`.',
  bad: 'prune: [{method: wanda, sparsity: 0.5}]\nsave: {to: out}',
  good: 'prune: [{method: wanda, sparsity: 0.5}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}',
  *check({ document, resolved, has }) {
    const { prune, recover } = resolved
    const block = '{data: path/to/text.jsonl, samples: 128, seq_len: 2048}'
    if (!has(['calibration'])) {
      const i = prune.findIndex(({ method }) => needsData(method))
      const why = i >= 0 ? prune[i].method : recover?.mode === 'reconstruct' ? 'Reconstruction' : null
      if (why !== null) {
        const edits = insertKey(document, [], 'calibration', block)
        yield {
          at:
            i >= 0
              ? has(['prune', i, 'method'])
                ? ['prune', i, 'method']
                : ['prune', i]
              : has(['recover', 'mode'])
                ? ['recover', 'mode']
                : { key: ['recover'] },
          message: `${why} needs calibration data: add calibration.`,
          from: [['calibration'], i >= 0 ? ['prune', i, 'method'] : ['recover', 'mode']],
          fixes: edits.length > 0 ? [{ title: 'Add calibration', edits }] : [],
        }
      }
    }
    if (recover?.mode !== 'retrain' || has(['recover', 'data'])) return
    const edits = insertKey(document, ['recover'], 'data', 'path/to/text.jsonl')
    yield {
      at: has(['recover', 'mode']) ? ['recover', 'mode'] : { key: ['recover'] },
      message: 'Retraining needs data: add data to recover.',
      from: [['recover', 'data']],
      fixes: edits.length > 0 ? [{ title: 'Add data', edits }] : [],
    }
  },
})
