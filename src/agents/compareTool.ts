// compare_checkpoints: what changed between two checkpoints, and whether the zeros survived.
import * as z from 'zod'
import { openInspection } from '../engine/checkpoint/checkpoint.ts'
import { wholeOf } from '../engine/checkpoint/inspection.ts'
import { compareCheckpoints } from '../engine/checkpoint/stats/compareCheckpoints.ts'
import { compareText } from '../engine/checkpoint/stats/inspectText.ts'
import { checkpoint, fromLine, defineTool } from './tool.ts'

export const compareTool = defineTool({
  name: 'compare_checkpoints',
  title: 'Compare Checkpoints',
  about: 'Compares two checkpoints tensor by tensor, and says whether the zeros of the first are zeros in the second.',
  when: 'Use it when a sparse model may have lost its zeros, by fine-tuning or a merged LoRA, or to see what a run changed. It reads every weight of both. Not for perplexities or answers: read_results has those.',
  icon: '$(diff)',
  needsTrust: false,
  input: z.strictObject({
    a: checkpoint.describe('The checkpoint whose zeros must survive: a model folder, an index, or a file of weights.'),
    b: checkpoint.describe('The later checkpoint.'),
    from_line: fromLine,
  }),
  async run({ a, b }, { roots, signal, say }) {
    const places = [await roots.source(a), await roots.source(b)] as const
    const first = wholeOf(await openInspection(places[0]))
    try {
      const second = wholeOf(await openInspection(places[1]))
      try {
        const onTensor = (done: number, total: number) => say(`compared ${done} of ${total} tensors`)
        const summary = await compareCheckpoints(first, second, { signal, onTensor })
        // Tensors that lost most zeros come first, because only a part of the result may be read.
        const changed = [...summary.changed].sort((x, y) => y.filled - x.filled)
        const rest = compareText({ ...summary, changed, verdict: '' }, first.path, second.path).trimEnd()
        return `${summary.verdict}\n\n${rest}`
      } finally {
        await second.close()
      }
    } finally {
      await first.close()
    }
  },
})
