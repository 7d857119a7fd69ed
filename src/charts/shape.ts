// SVG as data: a view makes elements of it, the report makes text of it.

export interface Shape {
  tag: string
  attributes: Record<string, string | number>
  children: (Shape | string)[]
}

export function shape(tag: string, attributes: Shape['attributes'] = {}, ...children: (Shape | string)[]): Shape {
  return { tag, attributes, children }
}

export function shapeText({ tag, attributes, children }: Shape): string {
  const pairs = Object.entries(attributes).map(([name, value]) => ` ${name}="${escapeText(String(value))}"`)
  const inside = children.map((child) => (typeof child === 'string' ? escapeText(child) : shapeText(child)))
  return `<${tag}${pairs.join('')}>${inside.join('')}</${tag}>`
}

/** An `svg` as a file of its own; inside a page it needs no namespace. */
export function svgFile(root: Shape): string {
  return shapeText({ ...root, attributes: { xmlns: 'http://www.w3.org/2000/svg', ...root.attributes } })
}

export function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
}
