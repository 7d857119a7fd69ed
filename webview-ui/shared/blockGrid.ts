// The heatmap that fills in as blocks are pruned: it is the same grid as the inspector's.
import { largest } from '../../src/shared/format/lists.ts'
import { placeOf } from '../../src/shared/format/moduleName.ts'
import { formatCount, formatShare } from '../../src/shared/format/numbers.ts'
import { sparsityOf } from '../../src/shared/format/sparsity.ts'
import type { ModuleZeros } from '../../src/shared/series/events.ts'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import type { BlockResult, RunPicture } from '../../src/shared/series/foldRun.ts'
import type { GridData } from './gridData.ts'

export interface BlockMap {
  rows: number
  columns: string[]
  /** By `${block}/${column}`; several modules when they are experts of one block. */
  modules: Map<string, (ModuleZeros & { name: string })[]>
}

/** The part of a run that a map shows. */
export type MappedRun = Pick<RunPicture, 'numBlocks'> & {
  readonly blocks: ReadonlyMap<number, Pick<BlockResult, 'block' | 'modules' | 'seconds'>>
}

export function blockMap(picture: MappedRun): BlockMap {
  const columns: string[] = []
  const modules: BlockMap['modules'] = new Map()
  for (const { block, modules: results } of picture.blocks.values()) {
    for (const [name, result] of Object.entries(results)) {
      const { module } = placeOf(name)
      if (!columns.includes(module)) columns.push(module)
      const key = `${block}/${module}`
      modules.set(key, [...(modules.get(key) ?? []), { name, ...result }])
    }
  }
  const seen = largest(picture.blocks.keys(), -1, (block) => block) + 1
  return { rows: Math.max(picture.numBlocks, seen), columns, modules }
}

export function blockGridData(map: BlockMap, colour: (value: number) => string): GridData {
  const cells: GridData['cells'] = []
  for (let block = 0; block < map.rows; block++) {
    for (const column of map.columns) {
      const value = cellSparsity(map, block, column)
      cells.push({ value, text: value === null ? '' : String(Math.round(value * 100)) })
    }
  }
  return { rows: Array.from({ length: map.rows }, (_, b) => String(b)), columns: map.columns, cells, colour }
}

/** The heatmap's values as rows and columns. */
export function blockTable(map: BlockMap): DataTable {
  const textOf = (block: number) => (column: string) => {
    return map.modules.has(`${block}/${column}`) ? formatShare(cellSparsity(map, block, column)) : 'not yet'
  }
  return {
    heads: ['block', ...map.columns],
    rows: Array.from({ length: map.rows }, (_, block) => ({
      head: String(block),
      cells: map.columns.map(textOf(block)),
    })),
  }
}

export function describeBlockCell(map: BlockMap, picture: MappedRun, row: number, column: number): string {
  const name = map.columns[column]
  const found = map.modules.get(`${row}/${name}`)
  if (!found) return `block ${row}, ${name}: not pruned yet`
  const zeros = found.reduce((sum, m) => sum + m.zeros, 0)
  const result = picture.blocks.get(row)
  const seconds = result ? `, ${result.seconds.toFixed(1)} s for the block` : ''
  return `block ${row}, ${name}: ${formatShare(cellSparsity(map, row, name))} zeros (${formatCount(zeros)})${seconds}`
}

function cellSparsity(map: BlockMap, block: number, column: string): number | null {
  const found = map.modules.get(`${block}/${column}`)
  return found ? sparsityOf(found) : null
}
