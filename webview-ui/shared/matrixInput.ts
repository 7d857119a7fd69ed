// Wheel, drag and keys over a matrix picture, as changes of the region in sight.
import { pan, wholeMatrix, zoom, type Region } from './region.ts'

export interface MatrixSize {
  rows: number
  columns: number
}

export type Act = (region: Region, size: MatrixSize) => Region

export const zoomIn: Act = (r, s) => zoom(r, 0.5, 0.5, 0.5, s.rows, s.columns)
export const zoomOut: Act = (r, s) => zoom(r, 2, 0.5, 0.5, s.rows, s.columns)
export const showWhole: Act = (_, s) => wholeMatrix(s.rows, s.columns)

const keys: Record<string, Act> = {
  '+': zoomIn,
  '=': zoomIn,
  '-': zoomOut,
  '0': showWhole,
  ArrowLeft: (r, s) => pan(r, -0.25, 0, s.rows, s.columns),
  ArrowRight: (r, s) => pan(r, 0.25, 0, s.rows, s.columns),
  ArrowUp: (r, s) => pan(r, 0, -0.25, s.rows, s.columns),
  ArrowDown: (r, s) => pan(r, 0, 0.25, s.rows, s.columns),
}

/** Calls `change` with what to do to the region that is in sight then. */
export function listenForMoves(
  canvas: HTMLCanvasElement,
  region: () => Region,
  change: (act: Act, byKey: boolean) => void,
): void {
  const share = (event: MouseEvent) => {
    const area = canvas.getBoundingClientRect()
    return { x: (event.clientX - area.left) / area.width, y: (event.clientY - area.top) / area.height }
  }
  const onWheel = (event: WheelEvent) => {
    event.preventDefault()
    const { x, y } = share(event)
    const factor = event.deltaY < 0 ? 0.7 : 1 / 0.7
    change((r, s) => zoom(r, factor, x, y, s.rows, s.columns), false)
  }
  canvas.addEventListener('wheel', onWheel, { passive: false })
  let grabbed: { x: number; y: number; region: Region } | null = null
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    grabbed = { ...share(event), region: region() }
  })
  canvas.addEventListener('pointermove', (event) => {
    if (!grabbed) return
    const from = grabbed
    const { x, y } = share(event)
    change((_, s) => pan(from.region, from.x - x, from.y - y, s.rows, s.columns), false)
  })
  const letGo = () => (grabbed = null)
  canvas.addEventListener('pointerup', letGo)
  canvas.addEventListener('pointercancel', letGo)
  canvas.addEventListener('keydown', (event) => {
    const act = keys[event.key]
    if (!act) return
    event.preventDefault()
    change(act, true)
  })
}
