// Trained numbers per weight, on the block × module grid. A bias is trained in full, an adapter only a little:
// the colour is relative to the largest share among matrices and vectors of the recipe.
import { largest } from '../../src/shared/format/lists.ts'
import type { PlanRow } from '../../src/shared/plan/planSummary.ts'
import { formatCount, formatTrained } from '../../src/shared/format/numbers.ts'
import type { GridData } from '../shared/gridData.ts'

export interface ShareCell {
  parameters: number
  trainable: number
  by: string[]
}

export interface ShareMap {
  blocks: number[]
  modules: string[]
  /** By `${block}/${module}`: weight and bias of a module together. */
  cells: Map<string, ShareCell>
  /** Largest share of any cell; 0 when nothing trains. */
  most: number
}

export function shareMap(rows: readonly PlanRow[]): ShareMap {
  const inBlocks = rows.filter((r) => r.block !== null)
  const cells: ShareMap['cells'] = new Map()
  for (const row of inBlocks) {
    const key = `${row.block}/${row.module}`
    const cell = cells.get(key) ?? { parameters: 0, trainable: 0, by: [] }
    cell.parameters += row.parameters
    cell.trainable += row.trainable
    if (row.by && !cell.by.includes(row.by)) cell.by.push(row.by)
    cells.set(key, cell)
  }
  const blocks = [...new Set(inBlocks.map((r) => r.block ?? 0))].sort((x, y) => x - y)
  const modules = [...new Set(inBlocks.map((r) => r.module))]
  const most = largest(cells.values(), 0, shareOf)
  return { blocks, modules, cells, most }
}

export function shareGrid(map: ShareMap, colour: (value: number) => string): GridData {
  const cells: GridData['cells'] = []
  for (const block of map.blocks) {
    for (const module of map.modules) {
      const cell = map.cells.get(`${block}/${module}`)
      if (!cell) cells.push(undefined)
      else {
        // Square root: a bias of a few hundred numbers and a full matrix differ by three orders of magnitude.
        const value = map.most === 0 ? 0 : Math.sqrt(shareOf(cell) / map.most)
        cells.push({ value, text: cell.trainable === 0 ? '' : cell.by.map((b) => b[0]).join('+') })
      }
    }
  }
  return { rows: map.blocks.map(String), columns: map.modules, cells, colour }
}

export function describeShare(map: ShareMap, row: number, column: number): string {
  const where = `block ${map.blocks[row]}, ${map.modules[column]}`
  const cell = map.cells.get(`${map.blocks[row]}/${map.modules[column]}`)
  if (!cell) return `${where}: no such module`
  if (cell.trainable === 0) return `${where}: frozen, ${formatCount(cell.parameters)} weights`
  return `${where}: ${cell.by.join(' and ')}, ${formatCount(cell.trainable)} trained for ${formatCount(cell.parameters)} weights (${formatTrained(100 * shareOf(cell))})`
}

/** Meaning of the letters in the cells. */
export function lettersOf(map: ShareMap): string {
  const all = new Set([...map.cells.values()].flatMap((cell) => cell.by))
  return [...all].map((by) => `${by[0]}: ${by}`).join(', ')
}

function shareOf(cell: ShareCell): number {
  return cell.trainable / Math.max(1, cell.parameters)
}
