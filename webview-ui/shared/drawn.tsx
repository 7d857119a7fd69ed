// Elements from shapes, and how wide there is room for them.
import { createElement, type RefObject, type VNode } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import type { Shape } from '../../src/shared/chart/shape.ts'

export function drawn({ tag, attributes, children }: Shape): VNode {
  return createElement(tag, attributes, ...children.map((child) => (typeof child === 'string' ? child : drawn(child))))
}

/** Width of the element in CSS pixels; 0 before it is laid out. */
export function useWidth(place: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = place.current
    if (!element) return
    const measure = () => setWidth(element.clientWidth)
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return width
}
