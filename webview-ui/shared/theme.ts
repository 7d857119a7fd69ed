// Colours come from the theme's CSS variables; canvases must be drawn anew when the theme changes.

import { signal } from '@preact/signals'
import type { Ink } from '../../src/shared/chart/drawChart.ts'

export interface Theme {
  foreground: string
  muted: string
  background: string
  border: string
  focus: string
  error: string
  notComputed: string
  highContrast: boolean
  font: string
}

export function readTheme(): Theme {
  const style = getComputedStyle(document.body)
  const read = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback
  const highContrast = /vscode-high-contrast/.test(document.body.className)
  const foreground = read('--vscode-foreground', '#888888')
  return {
    foreground,
    muted: read('--vscode-descriptionForeground', foreground),
    background: read('--vscode-editor-background', '#ffffff'),
    border: read('--vscode-contrastBorder', read('--vscode-panel-border', foreground)),
    focus: read('--vscode-focusBorder', foreground),
    error: read('--vscode-errorForeground', '#d00000'),
    notComputed: read('--vscode-sparsescope-notComputed', foreground),
    highContrast,
    font: read('--vscode-font-family', 'sans-serif'),
  }
}

/** Colours of a chart's axes and words. */
export function themeInk(): Ink {
  const { foreground: text, muted, error, background: paper, font } = readTheme()
  return { text, muted, error, paper, font }
}

export function onThemeChange(changed: () => void): void {
  new MutationObserver(changed).observe(document.body, { attributes: true, attributeFilter: ['class', 'style'] })
  new MutationObserver(changed).observe(document.documentElement, { attributes: true, attributeFilter: ['style'] })
}

/** Counts changes of the theme: a component that reads it draws anew. */
export const themeChanges = signal(0)
onThemeChange(() => themeChanges.value++)
