// Elements from shapes, and how wide there is room for them.
import { createElement, type RefObject, type VNode } from 'preact'
import { useLayoutEffect, useState } from 'preact/hooks'
import type { Shape } from '../../src/charts/shape.ts'
import { onceAFrame } from './canvas.ts'

export function drawn({ tag, attributes, children }: Shape): VNode {
  return createElement(tag, attributes, ...children.map((child) => (typeof child === 'string' ? child : drawn(child))))
}

export interface Room {
  readonly width: number
  readonly height: number
}

/** Size of the element in CSS pixels inside its scroll bars; 0 before it is laid out. */
export function useRoom(place: RefObject<HTMLElement | null>): Room {
  const [room, setRoom] = useState<Room>({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const look = () => {
      const { clientWidth: width = 0, clientHeight: height = 0 } = place.current ?? {}
      setRoom((known) => (known.width === width && known.height === height ? known : { width, height }))
    }
    look()
    const observer = new ResizeObserver(onceAFrame(look))
    if (place.current) observer.observe(place.current)
    return () => observer.disconnect()
  }, [])
  return room
}

export const useWidth = (place: RefObject<HTMLElement | null>): number => useRoom(place).width
