// Finds the path in a recipe at a position of the text.
import { isMap, isNode, isScalar, isSeq } from 'yaml'
import { keyOf } from './document.ts'
import type { Path, RecipeDocument } from './document.ts'

/** Path of the innermost value or key at an offset; null outside of everything. */
export function pathAt(document: RecipeDocument, offset: number): Path | null {
  const path: (string | number)[] = []
  let node: unknown = document.root
  if (!isNode(node)) return null
  for (;;) {
    const next = childAt(node, offset)
    if (!next) return path
    path.push(next.key)
    if (next.node === null) return path
    node = next.node
  }
}

function childAt(node: unknown, offset: number): { key: string | number; node: unknown } | null {
  if (isMap(node)) {
    for (const pair of node.items) {
      const key = keyOf(pair)
      if (key === null) continue
      if (isScalar(pair.key) && covers(pair.key, offset)) return { key, node: null }
      if (covers(pair.value, offset)) return { key, node: pair.value }
    }
  } else if (isSeq(node)) {
    const index = node.items.findIndex((item) => covers(item, offset))
    if (index >= 0) return { key: index, node: node.items[index] }
  }
  return null
}

function covers(node: unknown, offset: number): boolean {
  return isNode(node) && node.range ? offset >= node.range[0] && offset <= node.range[1] : false
}
