// Axes, smoothing and the other runs that are laid over this one.
import type { RunListing } from '../../src/shared/protocol/view.ts'
import { h, replaceChildren } from '../shared/dom.ts'

export interface ViewOptions {
  logX: boolean
  logY: boolean
  smoothing: number
}

export interface Controls {
  element: HTMLElement
  set(options: ViewOptions): void
  runs(runs: RunListing[], current: string, shown: ReadonlySet<string>): void
}

export function createControls(
  changed: (options: ViewOptions) => void,
  overlay: (folder: string, on: boolean) => void,
) {
  const check = (label: string) => {
    const input = h('input', { type: 'checkbox' })
    input.addEventListener('change', tell)
    return { input, element: h('label', {}, input, ` ${label}`) }
  }
  const logX = check('log x')
  const logY = check('log y')
  const slider = h('input', { type: 'range', min: 0, max: 0.99, step: 0.01, 'aria-label': 'Smoothing' })
  const shown = h('output', {})
  slider.addEventListener('input', tell)
  const others = h('div', { class: 'row others', role: 'group', 'aria-label': 'Runs laid over this one' })
  function tell(): void {
    shown.textContent = Number(slider.value).toFixed(2)
    changed({ logX: logX.input.checked, logY: logY.input.checked, smoothing: Number(slider.value) })
  }
  const smoothing = h('label', { class: 'row' }, 'smoothing', slider, shown)
  return {
    element: h('div', { class: 'row controls' }, logX.element, logY.element, smoothing, others),
    set(options: ViewOptions) {
      logX.input.checked = options.logX
      logY.input.checked = options.logY
      slider.value = String(options.smoothing)
      shown.textContent = options.smoothing.toFixed(2)
    },
    runs(runs: RunListing[], current: string, visible: ReadonlySet<string>) {
      const rest = runs.filter((r) => r.folder !== current)
      const boxes = rest.map((run) => {
        const input = h('input', { type: 'checkbox' })
        input.checked = visible.has(run.folder)
        input.addEventListener('change', () => overlay(run.folder, input.checked))
        return h('label', { title: run.folder }, input, ` ${run.name}`)
      })
      replaceChildren(others, rest.length > 0 && h('span', { class: 'muted' }, 'overlay:'), ...boxes)
    },
  } satisfies Controls
}
