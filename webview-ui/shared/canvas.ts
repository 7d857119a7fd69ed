// Drawing on canvases, at most once a frame.
import { useLayoutEffect } from 'preact/hooks'

/** Paints at the next frame after a render. Several renders before that frame paint once. */
export function usePainting(paint: () => void): void {
  useLayoutEffect(() => {
    const frame = requestAnimationFrame(paint)
    return () => cancelAnimationFrame(frame)
  })
}

/** Returns a function that runs `draw` at the next frame, once even if it is called several times. */
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

/** Places a tip beside a point of a picture, not beyond its right edge. Tip and picture must have the same positioned parent. */
export function placeTip(
  tip: HTMLElement,
  picture: Pick<HTMLElement, 'offsetLeft' | 'offsetTop' | 'offsetWidth'>,
  x: number,
  y: number,
): void {
  tip.style.left = `${picture.offsetLeft + Math.max(0, Math.min(x + 12, picture.offsetWidth - tip.offsetWidth))}px`
  tip.style.top = `${picture.offsetTop + y + 16}px`
}

/** A context that draws in CSS pixels on a canvas of device pixels. */
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
