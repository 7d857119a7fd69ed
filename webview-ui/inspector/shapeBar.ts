// What to do with the matrices that are marked in the map: the open recipe, or a new one, prunes them less, more, or not.
import type { Shape } from '../../src/shared/recipe/shapePruning.ts'
import { h } from '../shared/dom.ts'

export interface ShapeBar {
  readonly element: HTMLElement
  /** Marked matrices and their weights; 0: there is nothing to do. */
  marked(count: number, weights: string): void
  /** What the recipe says now, or why it does not. */
  said(message: string): void
  trusted(trusted: boolean): void
}

const labels: Record<Shape, string> = { less: 'Prune less', more: 'Prune more', leave: 'Leave alone' }

export function createShapeBar(act: (shape: Shape) => void): ShapeBar {
  const text = h('span', { class: 'muted' })
  const said = h('span', { class: 'muted', role: 'status' })
  const buttons = (Object.keys(labels) as Shape[]).map((shape) =>
    h('button', { type: 'button', class: 'secondary', onclick: () => act(shape) }, labels[shape]),
  )
  const hint = 'Drag, hold Shift, or click the name of a block or module to mark several'
  const element = h('div', { class: 'row shapeBar', role: 'group', 'aria-label': 'Marked matrices' }, text, ...buttons, said) // prettier-ignore
  const marked = (count: number, weights: string) => {
    text.textContent = count === 0 ? hint : `${count} ${count === 1 ? 'matrix' : 'matrices'} marked, ${weights} weights`
    for (const button of buttons) button.hidden = count === 0
    said.textContent = ''
  }
  marked(0, '')
  return {
    element,
    marked,
    said: (message) => (said.textContent = message),
    trusted(trusted) {
      for (const button of buttons) {
        button.disabled = !trusted
        button.title = trusted ? 'Changes the open recipe of this model, or begins one' : 'A recipe is written in a trusted workspace.' // prettier-ignore
      }
    },
  }
}
