// The stages of a recipe for the view of its training: what each may change, in numbers and in a sentence.
import { adapterOf, isAdapterName } from '../catalog/adapters/adapters.ts'
import { formatRequested, formatTrained, plural } from '../formatting/numbers.ts'
import type { PlanRow, PlanSummary, RecoverySummary } from './planSummary.ts'

/** `vector`: a bias or a norm; `kept`: every weight that is not pruned; `frozen` and pruned is drawn hatched. */
export type Kind = 'frozen' | 'vector' | 'adapter' | 'kept'

export interface StageRow extends PlanRow {
  readonly kind: Kind
  /** Numbers that the stage may change: the adapter's, or the parameter's own without the pruned ones. */
  readonly count: number
}

export interface StageView {
  /** Index of the recovery; null: pruning. */
  readonly recovery: number | null
  readonly title: string
  /** Share of the model's numbers that train; for pruning, the share of the pruned matrices that becomes zero. */
  readonly share: string
  readonly count: number
  /** 100 · count / parameters. */
  readonly percentage: number
  /** One sentence, with the numbers in its middle. */
  readonly said: readonly [before: string, numbers: string, after: string]
  readonly rows: readonly StageRow[]
}

/** Stages of a plan: pruning, if anything is pruned or nothing is recovered, and each recovery. */
export function stagesOf(plan: PlanSummary): StageView[] {
  const { recoveries, prunedModules } = plan
  const views = recoveries.map((recovery, index) => recoveryView(plan, recovery, index))
  return prunedModules > 0 || views.length === 0 ? [pruneView(plan), ...views] : views
}

/** 4917504 → "4.92 M". */
export function compactCount(value: number): string {
  const units = ['', ' K', ' M', ' B', ' T']
  const unit = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3))
  const scaled = value / 1000 ** unit
  return `${Number(scaled.toPrecision(scaled < 100 || unit === 0 ? 3 : 4))}${units[unit]}`
}

function pruneView(plan: PlanSummary): StageView {
  const pruned = plan.rows.filter(({ sparsity }) => sparsity > 0)
  const zeros = pruned.reduce((sum, row) => sum + zerosOf(row), 0)
  const size = pruned.reduce((sum, { parameters }) => sum + parameters, 0)
  const share = size > 0 ? formatRequested(Number((zeros / size).toPrecision(3))) : '0 %'
  const percentage = (100 * zeros) / Math.max(1, plan.parameters)
  const of = `${compactCount(zeros)} of ${compactCount(plan.parameters)} numbers`
  return {
    ...{ recovery: null, title: 'Prune', share, count: 0, percentage: 0 },
    said:
      zeros > 0
        ? [
            'Prune sets ',
            of,
            ` to zero, ${formatTrained(percentage, 3)}: ${share} of ${matrices(pruned)}. Nothing trains.`,
          ]
        : ['This recipe changes ', 'nothing', ' in this model.'],
    rows: plan.rows.map((row) => ({ ...row, by: null, trainable: 0, kind: 'frozen', count: 0 })),
  }
}

const zerosOf = ({ parameters, sparsity }: PlanRow) => Math.round(parameters * sparsity)
const matrices = (rows: readonly PlanRow[]) => plural(rows.length, 'matrix', 'matrices')

function recoveryView(plan: PlanSummary, recovery: RecoverySummary, index: number): StageView {
  const { mode, trains } = recovery
  const trained = new Map(trains.map((one) => [one.name, one]))
  const solves = mode === 'refit'
  const rows = plan.rows.map((row): StageRow => {
    const { by = null, trainable = 0 } = trained.get(row.name) ?? {}
    const kind = solves && row.pruned ? 'kept' : kindOf(row, by)
    const count = kind === 'kept' ? row.parameters - zerosOf(row) : trainable
    return { ...row, by, trainable, kind, count }
  })
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  const percentage = (100 * count) / Math.max(1, plan.parameters)
  const same = plan.recoveries.filter((one) => one.mode === mode)
  const name = `${mode[0].toUpperCase()}${mode.slice(1)}`
  const title = same.length > 1 ? `${name} ${same.indexOf(recovery) + 1}` : name
  const share = mode === 'merge' ? 'adapter' : formatTrained(percentage, 3)
  return {
    recovery: index,
    title,
    share,
    count,
    percentage,
    rows,
    said: saidOf(title, recovery, rows, plan.parameters),
  }
}

function kindOf({ role }: PlanRow, by: string | null): Kind {
  if (by === null) return 'frozen'
  if (isAdapterName(by) || by === 'head') return 'adapter'
  return role === 'norm' || role === 'bias' ? 'vector' : 'kept'
}

function saidOf(
  title: string,
  { mode, rank }: RecoverySummary,
  rows: readonly StageRow[],
  parameters: number,
): StageView['said'] {
  if (mode === 'merge')
    return [`${title} adds `, 'an adapter', ' that was trained elsewhere, under the mask: no zero is filled.']
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  if (count === 0) return [`${title} trains `, 'nothing', ' in this model.']
  const share = formatTrained((100 * count) / parameters, 3)
  const numbers = `${compactCount(count)} of ${compactCount(parameters)} numbers`
  const verb = mode === 'refit' ? 'solves for' : 'trains'
  return [`${title} ${verb} `, numbers, `, ${share}: ${listed(partsOf(rows, rank))}. ${endOf(rows)}`.trimEnd()]
}

const listed = (parts: readonly string[]) =>
  parts.length < 2 ? (parts[0] ?? '') : `${parts.slice(0, -1).join(', ')}, and ${parts[parts.length - 1]}`

/** `61 norms`, `MaskLoRA of rank 16 on 210 matrices`. */
function partsOf(rows: readonly StageRow[], rank: number): string[] {
  const of = (keep: (row: StageRow) => boolean) => rows.filter((row) => row.count > 0 && keep(row))
  const norms = of(({ kind, role }) => kind === 'vector' && role === 'norm')
  const biases = of(({ kind, role }) => kind === 'vector' && role === 'bias')
  const kept = of(({ kind, role }) => kind === 'kept' && role === 'linear')
  const adapted = of(({ by }) => isAdapterName(by))
  const [first] = adapted
  const whole = of(({ kind, role }) => kind === 'kept' && role !== 'linear').map(({ role, module }) =>
    role === 'embedding' || role === 'head' ? `the ${role}` : module,
  )
  const byName = isAdapterName(first?.by) ? adapterOf(first.by) : null
  return [
    ...(norms.length > 0 ? [plural(norms.length, 'norm')] : []),
    ...(biases.length > 0 ? [plural(biases.length, 'bias', 'biases')] : []),
    ...(kept.length > 0 ? [`every kept weight of ${matrices(kept)}`] : []),
    ...(byName ? [`${byName.title}${byName.ranked ? ` of rank ${rank}` : ''} on ${matrices(adapted)}`] : []),
    ...whole,
    ...(of(({ by }) => by === 'head').length > 0 ? [`an update of rank ${rank} of the head`] : []),
  ]
}

function endOf(rows: readonly StageRow[]): string {
  if (rows.some(({ by, count }) => isAdapterName(by) && count > 0)) return 'They merge: no zero is filled.'
  if (rows.some(({ kind, pruned }) => kind === 'kept' && pruned)) return 'Pruned weights stay zero.'
  return rows.some(({ kind, count }) => kind !== 'vector' && count > 0) ? '' : 'No matrix changes.'
}
