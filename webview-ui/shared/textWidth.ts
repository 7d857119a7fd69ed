// How wide texts are, without laying them out.
import { h } from './dom.ts'

/** Measures in the font that an element has; 0 where there is no canvas. */
export function measureIn(element: HTMLElement): (text: string, bold?: boolean) => number {
  const context = h('canvas').getContext('2d')
  const { fontFamily, fontSize } = getComputedStyle(element)
  return (text, bold = false) => {
    if (!context) return 0
    context.font = `${bold ? '600 ' : ''}${fontSize} ${fontFamily}`
    return context.measureText(text).width
  }
}
