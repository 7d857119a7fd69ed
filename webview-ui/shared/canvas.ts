// A canvas inside a component: one painting a frame.
import { useLayoutEffect } from 'preact/hooks'

/** Paints after each rendering, at the next frame, and once for several. */
export function usePainting(paint: () => void): void {
  useLayoutEffect(() => {
    const frame = requestAnimationFrame(paint)
    return () => cancelAnimationFrame(frame)
  })
}
