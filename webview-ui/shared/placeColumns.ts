// Columns for a tensor's place: its block, its module, and the whole name last.
import type { Column } from './tableColumn.ts'

interface Placed {
  name: string
  block: number | null
  module: string
}

/** Put `first` before the other columns and `last` after them. */
export function placeColumns<Row extends Placed>(nameTitle: string): { first: Column<Row>[]; last: Column<Row> } {
  return {
    first: [
      {
        id: 'block',
        title: 'Block',
        numeric: true,
        text: (row) => (row.block === null ? '' : String(row.block)),
        sort: (row) => row.block,
        ascendingFirst: true,
      },
      { id: 'module', title: 'Module', grow: true, text: moduleText, sort: moduleText },
    ],
    last: { id: 'name', title: nameTitle, grow: true, optional: 9, text: (row) => row.name, sort: (row) => row.name },
  }
}

/** The name after the block: an expert keeps its number, which the module of the map leaves out. */
function moduleText({ name, block }: Placed): string {
  const bare = name.replace(/\.weight$/, '')
  const mark = `.${block}.`
  const at = block === null ? -1 : bare.indexOf(mark)
  return at < 0 ? bare : bare.slice(at + mark.length)
}
