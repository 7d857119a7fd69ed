// State of the page that shows which weights train.
import { computed, signal } from '@preact/signals'
import { stagesOf, type StageRow, type StageView } from '../../src/plan/stageView.ts'
import type { ToTrainable } from '../../src/protocol/view.ts'
import { addTraining, noTraining, type MovedTensors } from '../../src/runs/series/training.ts'
import { moduleGrid } from '../shared/gridData.ts'
import { namedRows } from '../shared/namedTable.tsx'
import type { PageMessage } from '../shared/page.tsx'
import { placeColumns, numberColumn, type Column } from '../shared/tableColumn.ts'
import { layOutCells, type Cell } from '../../src/charts/modelCells.ts'

type Shown = Omit<Extract<ToTrainable, { type: 'plan' }>, 'type'>

const given = signal<Shown | null>(null)
/** The plan as the host sent it last: the recipe, and the model that pictures are of, may have changed with it. */
export const planned = computed(() => given.value?.plan)
export const training = signal(noTraining)
/** The plan, with the zeros that a run has made in place of the planned ones. */
export const shown = computed((): Shown | null => {
  const known = given.value
  const { sparsities } = training.value
  if (!known || Object.keys(sparsities).length === 0) return known
  const rows = known.plan.rows.map((row) => {
    const sparsity = sparsities[row.name] ?? row.sparsity
    return { ...row, sparsity, pruned: row.pruned || sparsity > 0 }
  })
  return { ...known, plan: { ...known.plan, rows } }
})
export const stages = computed(() => (shown.value ? stagesOf(shown.value.plan) : []))

/** The stage that the user chose: the index of a recovery, or null for pruning; undefined: the page chooses. */
const chosen = signal<number | null | undefined>(undefined)
export const chooseStage = (recovery: number | null) => void (chosen.value = recovery)
/** The chosen recovery, else the one in progress, else the last. */
export const stage = computed((): StageView | undefined => {
  const find = (recovery: number | null | undefined) => stages.value.find((one) => one.recovery === recovery)
  const { at } = training.value
  return find(chosen.value) ?? find(at ? at.recovery : undefined) ?? stages.value.at(-1)
})

export const isEditable = computed(() => shown.value?.of === 'recipe' || shown.value?.of === 'dryRun')
/** How far the stage moved what it trains; undefined: not recorded. */
export const moved = computed((): MovedTensors | undefined => training.value.moved[stage.value?.recovery ?? -1])
/**
 * Matrices that moved, the farthest first; norms and biases where no matrix did. A bias near 0 moves by many times its norm, which
 * does not show where a model recovers.
 */
export const ranking = computed(() => {
  const known = stage.value?.rows.map((row) => ({ ...row, share: moved.value?.[row.name]?.moved ?? 0 })) ?? []
  const far = known.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)
  const matrices = far.filter(({ shape }) => shape.length > 1)
  return matrices.length > 0 ? matrices : far
})
export const median = computed(() => ranking.value[Math.floor(ranking.value.length / 2)]?.share ?? 0)
export const colouring = signal<'kind' | 'moved'>('kind')

export const cells = computed(() => layOutCells(stage.value?.rows ?? [], moduleGrid(stage.value?.rows ?? [])))
const picked = signal<string | null>(null)
/** Key of a cell. It includes the cell's name, because a tied head shares its tensor with another cell. */
export const keyOf = ({ name, rows }: Cell) => `${name} ${rows[0].name}`
/** Opens a cell by its key, or by the name of one of its tensors. */
export const pick = (of: string) => void (picked.value = of)
/** The opened cell, else the one that moved most, else the last that trains. */
export const opened = computed((): Cell | undefined => {
  const all = cells.value.lines.flatMap(({ cells: own }) => own.filter((cell) => cell !== undefined))
  const holds = (name: string | undefined) =>
    all.find((cell) => keyOf(cell) === name || cell.rows.some((row) => row.name === name))
  const inBlocks = all.filter(({ block, isVector }) => block !== null && !isVector)
  return (
    holds(picked.value ?? undefined) ??
    holds(ranking.value[0]?.name) ??
    inBlocks.findLast(({ count }) => count > 0) ??
    inBlocks.at(-1) ??
    all.at(0)
  )
})

export function receive(message: PageMessage<ToTrainable>): void {
  if (message.type === 'plan') given.value = message
  else training.value = addTraining(message.isAnew ? noTraining : training.value, message.update)
}

const stateOf = (row: StageRow) => [row.by ?? 'frozen', row.pruned && 'pruned'].filter(Boolean).join(', ')
const { first, last } = placeColumns<StageRow>('Parameter')
const columns: readonly Column<StageRow>[] = [
  ...first,
  { id: 'state', title: 'State', text: stateOf, sort: stateOf },
  numberColumn('parameters', 'Weights', (row) => row.parameters, { optional: 1 }),
  numberColumn('trainable', 'Trained', (row) => row.count),
  last,
]
export const parameters = namedRows(
  computed(() => stage.value?.rows ?? []),
  columns,
)
