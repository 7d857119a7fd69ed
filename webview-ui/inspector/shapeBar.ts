// Changes a recipe from the map: the open one, or a new one, prunes marked matrices less, more, or not, or spreads its
// sparsity over the blocks.
import type { Shape } from '../../src/shared/recipe/shapePruning.ts'
import { allocationOf } from '../../src/shared/allocations/allocations.ts'
import { allocateBy, type AllocateBy } from '../../src/shared/allocations/allocateBy.ts'
import { h } from '../shared/dom.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface ShapeBar {
  readonly element: HTMLElement
  /** Marked matrices and their weights; 0: there is nothing to do with them. */
  marked(count: number, weights: string): void
  /** Shows what the recipe now holds, or why it could not be changed. */
  said(message: string): void
  trusted(trusted: boolean): void
}

const labels: Record<Shape, string> = { less: 'Prune less', more: 'Prune more', leave: 'Leave alone' }

const spreadLabel = (spread: AllocateBy) => (spread === 'error' ? 'Allocate by error' : `Allocate by ${allocationOf(spread).title}`) // prettier-ignore

const hints: Record<'shape' | 'error' | 'allocation', string> = {
  shape: 'Changes the open recipe of this model, or starts one',
  error: 'Gives every block the sparsity at which all lose the same share of their outputs, by the errors of an analysis; the mean stays', // prettier-ignore
  allocation: 'Spreads the sparsity over the blocks by what the dense model shows when the recipe runs; the mean stays',
}
const untrusted = 'Writing a recipe needs a trusted workspace.'

export function createShapeBar(act: (shape: Shape | AllocateBy) => void): ShapeBar {
  const text = h('span', { class: 'muted' })
  const said = h('span', { class: 'muted', role: 'status' })
  const button = (shape: Shape | AllocateBy, label: string, hint: string) => {
    const element = h('button', { type: 'button', class: 'secondary', title: hint, onclick: () => act(shape) }, label)
    return { element, hint }
  }
  const shapeButtons = (Object.keys(labels) as Shape[]).map((shape) => button(shape, labels[shape], hints.shape))
  const spreadButtons = allocateBy.map((spread) => button(spread, spreadLabel(spread), hints[spread === 'error' ? 'error' : 'allocation'])) // prettier-ignore
  const elements = (buttons: typeof shapeButtons) => buttons.map(({ element }) => element)
  const hint = 'Drag, hold Shift, or click the name of a block or module to mark several'
  const element = h(
    'div',
    { class: 'shapeBar' },
    h('div', { class: 'row', role: 'group', 'aria-label': 'Marked matrices' }, text, ...elements(shapeButtons)),
    h('div', { class: 'row', role: 'group', 'aria-label': 'All blocks' }, ...elements(spreadButtons), said),
  )
  const marked = (count: number, weights: string) => {
    text.textContent = count === 0 ? hint : `${plural(count, 'matrix', 'matrices')} marked, ${weights} weights`
    for (const { element } of shapeButtons) element.hidden = count === 0
    said.textContent = ''
  }
  marked(0, '')
  return {
    element,
    marked,
    said: (message) => (said.textContent = message),
    trusted(trusted) {
      for (const { element, hint } of [...shapeButtons, ...spreadButtons]) {
        element.disabled = !trusted
        element.title = trusted ? hint : untrusted
      }
    },
  }
}
