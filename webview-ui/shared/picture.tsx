// The base of an SVG picture: as wide as its container, with a tooltip beside the pointed element; and elements from shapes.
import { type ComponentChildren, createElement, type HTMLAttributes, type RefObject, type VNode } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Shape } from '../../src/charts/shape.ts'
import { onceAFrame } from './canvas.ts'

/** The element of a picture, and its width in CSS pixels. */
export function useRoomFor(narrowest: number): { place: RefObject<HTMLDivElement | null>; width: number } {
  const place = useRef<HTMLDivElement>(null)
  return { place, width: Math.max(narrowest, useWidth(place)) }
}

interface PictureProps extends HTMLAttributes<HTMLDivElement> {
  readonly place: RefObject<HTMLDivElement | null>
  readonly width: number
  readonly height: number
  /** Elements of the SVG. */
  readonly drawing: ComponentChildren
}

export function Picture({ place, width, height, drawing, children, class: more, ...attributes }: PictureProps) {
  return (
    <div class={more ? `chartPicture ${String(more)}` : 'chartPicture'} ref={place} {...attributes}>
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
        {drawing}
      </svg>
      {children}
    </div>
  )
}

/** Position of the pointer relative to the element that listens, in CSS pixels. */
export function pixelOf({ clientX, clientY, currentTarget }: MouseEvent): { x: number; y: number } {
  const { left, top } = (currentTarget as Element).getBoundingClientRect()
  return { x: clientX - left, y: clientY - top }
}

interface TipProps {
  /** The point that the tip describes, and the width of the picture. */
  readonly x: number
  readonly top: number
  readonly width: number
  /** Pixels between the point and the tip. */
  readonly gap?: number
  readonly title: string
  readonly children: ComponentChildren
}

/** A tip on the side of its point that has more room. */
export function Tip({ x, top, width, gap = 12, title, children }: TipProps) {
  const side = x < width / 2 ? { left: `${x + gap}px` } : { right: `${width - x + gap}px` }
  return (
    <div class="tip readout" aria-hidden="true" style={{ top: `${Math.max(0, top)}px`, ...side }}>
      {title !== '' && <div class="readoutTitle">{title}</div>}
      {children}
    </div>
  )
}

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
