// Colours come from the theme's CSS variables. Canvases are redrawn when the theme changes.
import { computed, signal } from '@preact/signals'
import type { Ink } from '../../src/charts/drawChart.ts'

/** Colours of axes, text and canvases. */
export interface Theme extends Ink {
  border: string
  focus: string
  notComputed: string
  highContrast: boolean
}

function readTheme(): Theme {
  const style = getComputedStyle(document.body)
  const read = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback
  const text = read('--vscode-foreground', '#888888')
  return {
    text,
    muted: read('--vscode-descriptionForeground', text),
    paper: read('--vscode-editor-background', '#ffffff'),
    border: read('--vscode-contrastBorder', read('--vscode-panel-border', text)),
    focus: read('--vscode-focusBorder', text),
    error: read('--vscode-errorForeground', '#d00000'),
    notComputed: read('--vscode-sparsescope-notComputed', text),
    highContrast: /vscode-high-contrast/.test(document.body.className),
    font: read('--vscode-font-family', 'sans-serif'),
  }
}

const changes = signal(0)
const changed = new MutationObserver(() => changes.value++)
changed.observe(document.body, { attributes: true, attributeFilter: ['class', 'style'] })
changed.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] })

/** A component that reads the theme is redrawn when the theme changes. */
export const theme = computed(() => {
  void changes.value
  return readTheme()
})
