// Sparsity by block and module of several runs, side by side on one scale.
import type { RunMap } from '../../src/shared/protocol/sweepView.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { blockGridData, blockMap, describeBlockCell, type MappedRun } from '../shared/blockGrid.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createGrid, type Grid } from '../shared/grid.ts'
import { createLegend, type LegendWords } from '../shared/legend.ts'
import { saveButtons } from '../shared/saveButtons.ts'

/** More would not stand side by side. */
export const mostMaps = 6

interface OneMap {
  readonly element: HTMLElement
  readonly grid: Grid
  run: MappedRun
}

export interface NamedRun {
  readonly run: number
  readonly label: string
}

export function createMaps(save: (file: ExportFile) => void, colour: (value: number) => string) {
  const maps = new Map<number, OneMap>()
  const words: LegendWords = { title: 'Zeros', low: '0 %', high: '100 %', notComputed: 'not pruned yet' }
  const legend = createLegend(words)
  const list = h('div', { class: 'mapList' })
  const note = h('p', { class: 'muted' })
  let shown: readonly NamedRun[] = []
  const mapOf = ({ run, label }: NamedRun): OneMap => {
    const known = maps.get(run)
    if (known) return known
    const made: OneMap = {
      run: { numBlocks: 0, blocks: new Map() },
      grid: createGrid({
        label: `Sparsity of ${label}`,
        describe: (row, column) => describeBlockCell(blockMap(made.run), made.run, row, column),
        onSelect: () => {},
      }),
      element: h('section', { class: 'runMap', 'aria-label': label }),
    }
    const figure = () => made.grid.toSvg({ title: label, legend: words })
    const head = h('div', { class: 'chartHead' }, h('h3', { class: 'chartTitle' }, label), h('span', { class: 'chartTools' }, ...saveButtons(`sparsity of ${label}`, figure, save))) // prettier-ignore
    made.element.append(head, made.grid.element)
    maps.set(run, made)
    return made
  }
  const redraw = () => {
    legend.update(colour)
    for (const { grid, run } of maps.values()) grid.update(blockGridData(blockMap(run), colour))
  }
  return {
    element: h('section', { class: 'card' }, h('h2', {}, 'Sparsity by block and module'), note, list, legend.element),
    show(runs: readonly NamedRun[], text: string) {
      note.textContent = text
      note.hidden = text === ''
      legend.element.hidden = runs.length === 0
      if (JSON.stringify(runs) === JSON.stringify(shown)) return
      shown = runs
      for (const run of [...maps.keys()]) if (!runs.some((one) => one.run === run)) maps.delete(run)
      replaceChildren(list, ...runs.map((run) => mapOf(run).element))
      redraw()
    },
    take(told: readonly RunMap[]) {
      for (const { run, numBlocks, blocks } of told) {
        const map = maps.get(run)
        if (map) map.run = { numBlocks, blocks: new Map(blocks.map((block) => [block.block, block])) }
      }
      redraw()
    },
    redraw,
  }
}
