// Drawing on canvases, at most once a frame.
import { useLayoutEffect } from 'preact/hooks'

/** Paints after each rendering, at the next frame, and once for several. */
export function usePainting(paint: () => void): void {
  useLayoutEffect(() => {
    const frame = requestAnimationFrame(paint)
    return () => cancelAnimationFrame(frame)
  })
}

/** Runs `draw` at the next frame, once. */
export function onceAFrame(draw: () => void): () => void {
  let waiting = false
  return () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      draw()
    })
  }
}

/** Places a tip beside a point of a picture, in the element that both are in, without leaving the picture on the right. */
export function placeTip(
  tip: HTMLElement,
  picture: Pick<HTMLElement, 'offsetLeft' | 'offsetTop' | 'offsetWidth'>,
  x: number,
  y: number,
): void {
  tip.style.left = `${picture.offsetLeft + Math.max(0, Math.min(x + 12, picture.offsetWidth - tip.offsetWidth))}px`
  tip.style.top = `${picture.offsetTop + y + 16}px`
}

/** Positioned drawing in CSS pixels on a canvas of device pixels. */
export function context2d(canvas: HTMLCanvasElement, width: number, height: number): CanvasRenderingContext2D {
  const ratio = window.devicePixelRatio || 1
  const deviceWidth = Math.round(width * ratio)
  const deviceHeight = Math.round(height * ratio)
  if (canvas.width !== deviceWidth) canvas.width = deviceWidth
  if (canvas.height !== deviceHeight) canvas.height = deviceHeight
  canvas.style.width = `${width}px`
  canvas.style.height = `${height}px`
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser has no 2D canvas')
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  return context
}
