import { deepEqual, equal, throws } from 'node:assert/strict'
import { parse } from 'yaml'
import { evalResultFile, savedResult } from '../../../src/engine/run/origin/evalResults.ts'
import { parseNote } from '../../../src/engine/run/origin/note.ts'

describe('results for the leaderboards of the Hub', () => {
  const arc = { task: 'arc_easy', data: 'arc.parquet' }
  const noteOf = (evaluate: object[], evaluations: object[], recover: object[] = []) =>
    parseNote(
      JSON.stringify({
        versions: { sparsescope: '0.1.0' },
        device: 'cpu',
        recipe: { version: 1, model: 'm', prune: [{ method: 'magnitude', sparsity: 0.5 }], recover, evaluate },
        trainable: null,
        evaluations,
        tensors: {},
      }),
      'out',
    )
  const measured = (stage: string, acc: number, more: object = {}) => ({
    ...arc,
    entry: 0,
    stage,
    acc,
    rows: 2376,
    ...more,
  })

  it('are the accuracy that the card states of the saved model, in percent', () => {
    const dense = measured('dense', 0.9)
    const pruned = measured('pruned', 0.43518519)
    equal(savedResult(noteOf([arc], [dense, pruned]), 'arc_easy').acc, 0.43518519)
    const merge = { mode: 'merge', adapter: 'lora' }
    const between = measured('recovered', 0.1, { step: 3 })
    const note = noteOf([arc], [dense, pruned, between, measured('recovered', 0.56789)], [merge])
    const result = savedResult(note, 'arc_easy')
    const benchmark = { task: 'arc_easy', dataset: 'allenai/ai2_arc', taskId: 'no' }
    const { path, content } = evalResultFile(benchmark, result, note, 'https://huggingface.co/me/tiny')
    equal(path, '.eval_results/arc_easy.yaml')
    const text = 'text' in content ? content.text : ''
    const entry = {
      dataset: { id: 'allenai/ai2_arc', task_id: 'no' },
      value: 56.79,
      source: { url: 'https://huggingface.co/me/tiny', name: 'Model card' },
      notes: '0-shot accuracy on 2,376 rows, scored as lm-evaluation-harness does; measured by SparseScope 0.1.0',
    }
    // PyYAML reads 1.1, in which a bare `no` is false.
    for (const version of ['1.1', '1.2'] as const) deepEqual(parse(text, { version }), [entry])
    const unnamed = evalResultFile({ ...benchmark, taskId: null }, result, note, entry.source.url).content
    deepEqual(parse('text' in unnamed ? unnamed.text : ''), [{ ...entry, dataset: { id: 'allenai/ai2_arc' } }])
  })

  it('are of a whole task that was measured once on what was saved, or there are none', () => {
    const refused = (message: RegExp, evaluate: object[], evaluations: object[]) =>
      throws(() => savedResult(noteOf(evaluate, evaluations), 'arc_easy'), { code: 'usage', message })
    refused(/no result of it; put it into the recipe's evaluate, at pruned, and run/, [arc], [measured('dense', 0.5)])
    const piqa = measured('pruned', 0.5, { task: 'piqa' })
    refused(/no result of it, only of piqa; put it/, [{ ...arc, task: 'piqa' }], [piqa, { ...piqa, entry: 1 }])
    const part = { ...arc, limit: 200 }
    refused(/measured with limit: 200.*take limit out/, [part], [measured('pruned', 0.5)])
    const other = { ...arc, data: 'other.parquet' }
    const both = [measured('pruned', 0.5), measured('pruned', 0.6, { ...other, entry: 1 })]
    refused(/measured on arc.parquet and other.parquet.*leave one/, [arc, other], both)
    equal(savedResult(noteOf([part, other], both), 'arc_easy').acc, 0.6)
  })
})
