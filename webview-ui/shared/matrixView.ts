// The picture of a matrix for pages that are not components yet.
import { h as element, render } from 'preact'
import { signal, type Signal } from '@preact/signals'
import { Matrix, matrixKey, type MatrixProps, type ShownMatrix, type Sight } from './matrix.tsx'
import type { PaletteName } from './palette.ts'
import { around } from './region.ts'
import { settings } from './settings.ts'

export interface MatrixView {
  element: HTMLElement
  show(matrix: ShownMatrix): void
  showWeight(row: number, column: number): void
  setPalette(palette: PaletteName): void
}

export function createMatrixView(
  options: Pick<MatrixProps, 'label' | 'source' | 'save'>,
  sight: Signal<Sight | null> = signal(null),
): MatrixView {
  const shown = signal<ShownMatrix | null>(null)
  const place = document.createElement('div')
  const canvas = { current: null as HTMLCanvasElement | null }
  const Root = () => shown.value && element(Matrix, { ...options, matrix: shown.value, sight, canvas })
  render(element(Root, {}), place)
  return {
    element: place,
    show(matrix) {
      sight.value = null
      shown.value = matrix
    },
    showWeight(row, column) {
      if (!shown.value) return
      const { rows, columns } = shown.value
      sight.value = { of: matrixKey(shown.value), region: around(row, column, rows, columns) }
      canvas.current?.focus()
    },
    setPalette: (palette) => (settings.value = { ...settings.peek(), palette }),
  }
}
