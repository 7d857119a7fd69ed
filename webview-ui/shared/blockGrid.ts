// The heatmap that fills as blocks are pruned, on the same grid as the inspector.
import { formatCount, formatShare } from '../../src/formatting/numbers.ts'
import { sparsityOf } from '../../src/catalog/formats/sparsity.ts'
import type { ModuleZeros } from '../../src/runs/series/events.ts'
import type { DataTable } from '../../src/charts/chartValues.ts'
import type { BlockResult, RunPicture } from '../../src/runs/series/foldRun.ts'
import { cellOf, type GridCell, type GridData, moduleGrid, type ModuleGrid } from './gridData.ts'
import type { LegendWords } from './legend.tsx'
import { chosenColour } from './settings.ts'

/** The part of a run that a map shows. */
type MappedRun = Pick<RunPicture, 'numBlocks'> & {
  readonly blocks: ReadonlyMap<number, Pick<BlockResult, 'block' | 'modules' | 'seconds'>>
}
export type BlockMap = ModuleGrid<ModuleZeros & { readonly block: number; readonly module: string }>

/** All blocks of the model, including those not pruned yet. */
export function blockMap({ blocks, numBlocks }: MappedRun): BlockMap {
  const pruned = [...blocks.values()].flatMap(({ block, modules }) =>
    Object.entries(modules).map(([name, zeros]) => ({ ...zeros, block, module: placeOf(name).module })),
  )
  return moduleGrid(pruned, numBlocks)
}

export const zeroWords: LegendWords = { title: 'Exact zeros', low: '0 %', high: '100 %', notComputed: 'not pruned yet' }

export function blockGridData({ blocks, modules, cells }: BlockMap): GridData {
  const shown = cells.map((cell): GridCell => {
    const value = cell ? sparsityOf(cell) : null
    return { value, text: value === null ? '' : String(Math.round(value * 100)) }
  })
  return { rows: blocks.map(String), columns: modules, cells: shown, colour: chosenColour }
}

/** The heatmap's values as rows and columns. */
export function blockTable(map: BlockMap): DataTable {
  const textOf = (row: number) => (_: string, column: number) => {
    const cell = cellOf(map, row, column)
    return cell ? formatShare(sparsityOf(cell)) : 'not yet'
  }
  return {
    heads: ['block', ...map.modules],
    rows: map.blocks.map((block, row) => ({ head: String(block), cells: map.modules.map(textOf(row)) })),
  }
}

export function describeBlockCell(map: BlockMap, { blocks }: MappedRun, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const cell = cellOf(map, row, column)
  if (!cell) return `${where}: not pruned yet`
  const zeros = cell.reduce((sum, m) => sum + m.zeros, 0)
  const result = blocks.get(map.blocks[row])
  const seconds = result ? `, ${result.seconds.toFixed(1)} s for the block` : ''
  return `${where}: ${formatShare(sparsityOf(cell))} exact zeros (${formatCount(zeros)})${seconds}`
}

export interface NamePlace {
  /** Transformer block, or null outside of the blocks. */
  block: number | null
  /** Name inside the block without `.weight` or `.bias`, an expert's number replaced by `*`. */
  module: string
}

const blockNumber = /(?:^|\.)(?:layers|layer|h|blocks|block|encoder|decoder)\.(\d+)\./
const expertNumber = /(^|\.)experts\.\d+(?=\.|$)/

/** The block and module of a tensor, from its name; works for unknown families too. */
export function placeOf(name: string): NamePlace {
  const found = blockNumber.exec(name)
  const rest = found ? name.slice(found.index + found[0].length) : name
  const module = rest.replace(/\.(weight|bias)$/, '').replace(expertNumber, '$1experts.*')
  return { block: found ? Number(found[1]) : null, module }
}
