// The data of a heatmap, and a model's tensors arranged as a heatmap: one row per block, one column per module.

export interface GridCell {
  /** 0 to 1 on the colour scale; null: not computed, drawn hatched. */
  value: number | null
  /** The number as people read it, shown in wide cells. */
  text: string
}

export interface GridData {
  rows: readonly string[]
  columns: readonly string[]
  /** Row-major; undefined where the model has no such module. */
  cells: readonly (GridCell | undefined)[]
  colour: (value: number) => string
}

export interface Place {
  readonly row: number
  readonly column: number
}

/** All cells from one corner to the other, both included. */
export interface GridRange {
  readonly from: Place
  readonly to: Place
}

/** Items of a model by block and module, such as its matrices. */
export interface ModuleGrid<T> {
  readonly blocks: readonly number[]
  readonly modules: readonly string[]
  /** Row-major over blocks × modules. A cell has several items if they are experts, and is undefined if the block has no such module. */
  readonly cells: readonly (readonly T[] | undefined)[]
}

/** Skips items outside the blocks. Modules keep their order. `numBlocks`: the least number of rows, even if empty. */
export function moduleGrid<T extends { readonly block: number | null; readonly module: string }>(
  all: readonly T[],
  numBlocks = 0,
): ModuleGrid<T> {
  const inBlocks = all.flatMap((one) => (one.block === null ? [] : [{ one, block: one.block }]))
  const known = new Set(Array.from({ length: numBlocks }, (_, block) => block))
  for (const { block } of inBlocks) known.add(block)
  const blocks = [...known].sort((a, b) => a - b)
  const modules = [...new Set(inBlocks.map(({ one }) => one.module))]
  const [rowOf, columnOf] = [
    new Map(blocks.map((b, row) => [b, row])),
    new Map(modules.map((m, column) => [m, column])),
  ]
  const cells = new Array<T[] | undefined>(blocks.length * modules.length).fill(undefined)
  for (const { one, block } of inBlocks) {
    const at = (rowOf.get(block) ?? 0) * modules.length + (columnOf.get(one.module) ?? 0)
    const cell = (cells[at] ??= [])
    cell.push(one)
  }
  return { blocks, modules, cells }
}

export function cellOf<T>({ modules, cells }: ModuleGrid<T>, row: number, column: number): readonly T[] | undefined {
  return cells[row * modules.length + column]
}
