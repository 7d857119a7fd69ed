// `sparsescope inspect`: what is in a checkpoint, and where it is sparse.
import { formatBytes } from '../shared/format/byteSize.ts'
import { openCheckpoint, type Checkpoint } from '../engine/checkpoint/checkpoint.ts'
import {
  inspectCheckpoint,
  type InspectedTensor,
  type Inspection,
  type Totals,
} from '../engine/checkpoint/stats/inspectCheckpoint.ts'
import { parseNm } from '../engine/checkpoint/stats/nmCounter.ts'
import { command, runs, type CommonOptions, type Context, type Outcome } from './command.ts'
import { table } from './table.ts'

interface InspectCliOptions extends CommonOptions {
  stats?: boolean
  tensor?: string
  nm: string
}

export const inspectCommand = command('inspect', 'show the tensors of a checkpoint and where they are sparse', [
  'inspect opt-125m',
  'inspect opt-125m-wanda50 --stats',
  'inspect model.safetensors --stats --nm 2:4,1:4 --json',
  'inspect opt-125m --tensor model.decoder.layers.0.fc1.weight',
])
  .argument('<path>', 'a model folder, a *.safetensors.index.json or a *.safetensors file')
  .option('--stats', 'read the weights: exact zeros, N:M validity, min, max, mean, deviation, histogram')
  .option('--tensor <name>', 'only this tensor, with its statistics')
  .option('--nm <patterns>', 'N:M patterns to check, N zeros of every M inputs, separated by commas', '2:4,4:8')
  .action(runs((context, path: string, options: InspectCliOptions) => inspect(context, path, options)))

async function inspect(context: Context, path: string, options: InspectCliOptions): Promise<Outcome> {
  const nm = options.nm.split(',').map(parseNm)
  const checkpoint = await openCheckpoint(path)
  try {
    const inspection = await inspectCheckpoint(checkpoint, {
      stats: options.stats === true || options.tensor !== undefined,
      nm,
      tensor: options.tensor,
      signal: context.signal,
      onProgress: (done, total) => {
        if (total > quietBytes) context.progress('scanning', Math.round(done / 1e6), Math.round(total / 1e6), 'MB')
      },
    })
    return { json: toJson(checkpoint, inspection), text: toText(checkpoint, inspection, options.tensor !== undefined) }
  } finally {
    await checkpoint.close()
  }
}

/** Scanned before a person would look for a bar. */
const quietBytes = 200e6

function toJson(checkpoint: Checkpoint, { tensors, totals, linears, roles, blocks }: Inspection): unknown {
  return {
    path: checkpoint.path,
    files: checkpoint.files.map(({ name, bytes }) => ({ name, bytes })),
    metadata: Object.fromEntries(checkpoint.metadata),
    tensors: tensors.map(tensorJson),
    totals: {
      ...totals,
      linears,
      roles: Object.fromEntries(roles),
      layers: [...blocks].map(([block, { all, linears }]) => ({ block, ...all, linears })),
    },
  }
}

function tensorJson({ entry, parameters, role, stats }: InspectedTensor): unknown {
  const { name, dtype, shape, file, bytes } = entry
  const known = { name, dtype, shape, file, bytes, parameters, role: role.role, block: role.block }
  if (!stats) return known
  const { zeros, sparsity, nm, nonFinite, min, max, mean, std, histogram } = stats
  return { ...known, zeros, sparsity, nm, non_finite: nonFinite, min, max, mean, std, histogram }
}

function toText(checkpoint: Checkpoint, inspection: Inspection, single: boolean): string {
  const { tensors, totals, linears, roles } = inspection
  if (single) return tensors.map(oneTensor).join('\n')
  const scanned = tensors.some((t) => t.stats !== null)
  const rows = tensors.map((t) => [
    t.entry.name,
    t.entry.dtype,
    `[${t.entry.shape.join(', ')}]`,
    formatBytes(t.entry.bytes),
    ...(scanned ? [percent(t.stats?.sparsity), ...validity(t.stats?.nm)] : []),
  ])
  const patterns = Object.keys(linears.nm ?? {})
  const head = ['tensor', 'type', 'shape', 'size', ...(scanned ? ['zeros', ...patterns] : [])]
  const sums = [...roles].map(([role, sum]) => totalRow(role, sum))
  return [
    table(head, rows),
    '',
    table(
      ['role', 'parameters', 'size', ...(scanned ? ['zeros'] : [])],
      [...sums, totalRow('all', totals)].map((row) => row.slice(0, scanned ? 4 : 3)),
    ),
    '',
    `${checkpoint.path}: ${tensors.length} tensors in ${checkpoint.files.length} file${checkpoint.files.length === 1 ? '' : 's'}, ${totals.parameters.toLocaleString('en')} parameters, ${formatBytes(totals.bytes)}`,
    ...(linears.sparsity === undefined ? [] : [`sparsity of the block linears: ${percent(linears.sparsity)}`]),
  ].join('\n')
}

function totalRow(role: string, { parameters, bytes, sparsity }: Totals): string[] {
  return [role, parameters.toLocaleString('en'), formatBytes(bytes), percent(sparsity)]
}

function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${(100 * share).toFixed(2)} %`
}

/** Per pattern: "yes", or the share of groups that break it. */
function validity(nm: Record<string, { groups: number; violations: number }> | undefined): string[] {
  return Object.values(nm ?? {}).map(({ groups, violations }) =>
    violations === 0 ? 'yes' : `${percent(violations / groups)} broken`,
  )
}

function oneTensor({ entry, parameters, stats }: InspectedTensor): string {
  const lines = [
    `${entry.name}: ${entry.dtype} [${entry.shape.join(', ')}], ${parameters.toLocaleString('en')} parameters, ${formatBytes(entry.bytes)} in ${entry.file}`,
  ]
  if (!stats) return [...lines, `${entry.dtype} has no statistics`].join('\n')
  lines.push(`zeros      ${stats.zeros.toLocaleString('en')} (${percent(stats.sparsity)})`)
  lines.push(`min … max  ${stats.min ?? '–'} … ${stats.max ?? '–'}`)
  lines.push(`mean, std  ${stats.mean ?? '–'}, ${stats.std ?? '–'}`)
  if (stats.nonFinite > 0) lines.push(`not finite ${stats.nonFinite.toLocaleString('en')}`)
  for (const [pattern, { groups, violations }] of Object.entries(stats.nm)) {
    lines.push(
      `${pattern.padEnd(10)} ${violations.toLocaleString('en')} of ${groups.toLocaleString('en')} groups break it`,
    )
  }
  if (stats.histogram) lines.push('', ...bars(stats.histogram))
  return lines.join('\n')
}

/** The 64 bins as 16 lines. */
function bars({ from, to, counts }: { from: number; to: number; counts: number[] }): string[] {
  const wide = Array.from({ length: 16 }, (_, i) => counts.slice(4 * i, 4 * i + 4).reduce((a, b) => a + b, 0))
  const most = Math.max(...wide, 1)
  return wide.map((count, i) => {
    const edge = from + ((to - from) * i) / wide.length
    return `${edge.toPrecision(4).padStart(11)} ${'█'.repeat(Math.round((50 * count) / most))} ${count.toLocaleString('en')}`
  })
}
