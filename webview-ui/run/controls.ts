// Smoothing, and the other runs that are laid over this one.
import { runLabel } from '../../src/shared/format/runName.ts'
import type { RunListing } from '../../src/shared/protocol/view.ts'
import { h } from '../shared/dom.ts'
import { plural } from '../../src/shared/format/plural.ts'

export interface Controls {
  element: HTMLElement
  setSmoothing(smoothing: number): void
  runs(runs: RunListing[], current: string, shown: ReadonlySet<string>): void
}

export function createControls(
  smoothingChanged: (smoothing: number) => void,
  overlay: (folder: string, on: boolean) => void,
): Controls {
  const slider = h('input', { type: 'range', min: 0, max: 0.99, step: 0.01, 'aria-label': 'Smoothing' })
  const shown = h('output', {})
  slider.addEventListener('input', () => {
    shown.textContent = Number(slider.value).toFixed(2)
    smoothingChanged(Number(slider.value))
  })
  const overlays = createOverlays(overlay)
  return {
    element: h(
      'div',
      { class: 'controls' },
      h('label', { class: 'row' }, 'smoothing', slider, shown),
      overlays.element,
    ),
    setSmoothing(smoothing) {
      slider.value = String(smoothing)
      shown.textContent = smoothing.toFixed(2)
    },
    runs: overlays.update,
  }
}

/** A list that scrolls. It is told of every change of every run, so boxes stay the same elements: focus and place stay too. */
function createOverlays(overlay: (folder: string, on: boolean) => void) {
  const boxes = new Map<string, { element: HTMLElement; input: HTMLInputElement; name: HTMLElement }>()
  const title = h('summary', {})
  const list = h('div', { class: 'overlayList', role: 'group', 'aria-label': 'Runs overlaid on this one' })
  const element = h('details', { class: 'overlays', open: true, hidden: true }, title, list)
  const boxOf = (folder: string) => {
    const known = boxes.get(folder)
    if (known) return known
    const input = h('input', { type: 'checkbox' })
    input.addEventListener('change', () => overlay(folder, input.checked))
    const name = h('span')
    const box = { element: h('label', { title: folder }, input, ' ', name), input, name }
    boxes.set(folder, box)
    return box
  }
  return {
    element,
    update(runs: RunListing[], current: string, visible: ReadonlySet<string>) {
      const rest = runs.filter((run) => run.folder !== current)
      const wanted = rest.map((run) => {
        const box = boxOf(run.folder)
        box.input.checked = visible.has(run.folder)
        box.name.textContent = run.status === 'done' ? runLabel(run) : `${runLabel(run)}, ${run.status}`
        return box.element
      })
      if (wanted.some((one, i) => one !== list.children[i]) || wanted.length !== list.children.length)
        list.replaceChildren(...wanted)
      element.hidden = rest.length === 0
      const on = rest.filter((run) => visible.has(run.folder)).length
      const others = plural(rest.length, 'other run')
      title.textContent = on === 0 ? `Overlay: ${others}` : `Overlay: ${on} of ${others}`
    },
  }
}
