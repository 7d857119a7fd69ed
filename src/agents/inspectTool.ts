// inspect_checkpoint: what is in a checkpoint, where it is sparse, and how it was made.
import * as z from 'zod'
import { openInspection } from '../engine/checkpoint/checkpoint.ts'
import { inspectCheckpoint, type InspectedTensor } from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import { inspectionText, tensorTable, tensorText } from '../engine/checkpoint/stats/inspectText.ts'
import { requireNm } from '../engine/checkpoint/stats/nmCounter.ts'
import { type Note, noteFacts, readNote, resultTable } from '../engine/run/origin/note.ts'
import { sparsityOf } from '../catalog/formats/sparsity.ts'
import { groupsBy } from '../formatting/lists.ts'
import { formatBytes, formatShare } from '../formatting/numbers.ts'
import { textTable } from '../formatting/tables.ts'
import { checkpoint, fromLine, defineTool } from './tool.ts'

export const inspectTool = defineTool({
  name: 'inspect_checkpoint',
  title: 'Inspect Checkpoint',
  about: 'Shows what is in a checkpoint: parameters, sparsity by block and module, N:M patterns, and how it was made.',
  when: 'Use it before any statement about a model or its sparsity. Without statistics it reads headers only, in milliseconds, and knows zeros only from the note of the run that made the model; with statistics it reads every weight. Not for other files, not for models on the Hub that are not on this machine, and not to see how good a model is: zeros say nothing about that.',
  icon: '$(layers)',
  needsTrust: false,
  input: z.strictObject({
    path: checkpoint,
    statistics: z.boolean().optional().describe('Read the weights: exact zeros, N:M validity. Seconds per GB.'),
    block: z.int().min(0).optional().describe('Only the tensors of this block, from 0.'),
    tensor: z.string().min(1).optional().describe('Only this tensor, by its whole name, with its statistics.'),
    from_line: fromLine,
  }),
  async run({ path, statistics = false, block, tensor }, { roots, signal, say }) {
    const { checkpoint, unknown, problems } = await openInspection(await roots.source(path))
    try {
      for (const { error } of problems) throw error
      const bytes = checkpoint.files.reduce((sum, file) => sum + file.bytes, 0)
      const inspection = await inspectCheckpoint(checkpoint, {
        stats: statistics || tensor !== undefined,
        nm: ['2:4', '4:8'].map(requireNm),
        unknown,
        tensor,
        signal,
        onProgress: (done, total) => say(`scanning ${formatBytes(done)} of ${formatBytes(total)}`),
      })
      const { tensors } = inspection
      if (tensor !== undefined) return tensors.map(tensorText).join('\n')
      if (block !== undefined) {
        const own = tensors.filter(({ role }) => role.block === block)
        if (own.length === 0) return `There is no block ${block}; there are ${inspection.blocks.size}, counted from 0.`
        return tensorTable(own, statistics)
      }
      const note = await readNote(checkpoint.folder)
      const made = statistics
        ? [sparsityTable('module', tensors, zerosCounted)]
        : [
            ...(note ? notedParts(note, tensors) : []),
            `Weights were not read. statistics: true reads all ${formatBytes(bytes)} and counts zeros.`,
          ]
      return [inspectionText(checkpoint, inspection), ...(note ? provenance(note) : []), ...made].join('\n\n')
    } finally {
      await checkpoint.close()
    }
  },
})

const zerosCounted = ({ stats }: InspectedTensor) => stats?.zeros ?? 0

function provenance(note: Note): string[] {
  const { heads, rows } = resultTable(note)
  const facts = noteFacts(note).map(([name, value]) => `${name}: ${value}`)
  return [['A run of SparseScope made it:', ...facts].join('\n'), ...(rows.length > 0 ? [textTable(heads, rows)] : [])]
}

/** Zeros as the run's note states them, which are not verified. */
function notedParts({ sparsities }: Note, tensors: readonly InspectedTensor[]): string[] {
  const zerosOf = ({ entry, parameters }: InspectedTensor) => (sparsities[entry.name] ?? 0) * parameters
  const tables = (['block', 'module'] as const).map((what) => sparsityTable(what, tensors, zerosOf))
  return [`Zeros as that run noted them:\n${tables.join('\n\n')}`]
}

/** A row for each block or module, of its linears. */
function sparsityTable(
  what: 'block' | 'module',
  tensors: readonly InspectedTensor[],
  zerosOf: (tensor: InspectedTensor) => number,
): string {
  const linears = tensors.filter(({ role }) => role.role === 'linear')
  const rows = groupsBy(linears, ({ role }) => role[what]).map((group) => [
    String(group[0].role[what]),
    formatShare(sparsityOf(group.map((one) => ({ zeros: zerosOf(one), size: one.parameters })))),
  ])
  return textTable([`linears of ${what}`, 'zeros'], rows)
}
