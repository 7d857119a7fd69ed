// Which file imports which, and circles of imports.
import { posix } from 'node:path'
import ts from 'typescript'

/** Files by path and text to the paths that each imports: every kind of import counts, of types too; packages do not. */
export function importsOf(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const imports = new Map<string, string[]>()
  for (const [path, text] of files) {
    const { importedFiles } = ts.preProcessFile(text, true, true)
    const targets = importedFiles.map(({ fileName }) => posix.join(posix.dirname(path), fileName))
    imports.set(path, [...new Set(targets)].filter((target) => files.has(target)).sort())
  }
  return imports
}

/** Each set of files that can all be reached from one another, sorted (Tarjan's strongly connected components). */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []
  const visit = (file: string) => {
    const index = order.size
    order.set(file, index)
    low.set(file, index)
    open.push(file)
    const targets = imports.get(file) ?? []
    for (const target of targets) {
      if (!order.has(target)) visit(target)
      if (open.includes(target)) low.set(file, Math.min(low.get(file) ?? index, low.get(target) ?? index))
    }
    if (low.get(file) !== index) return
    const circle = open.splice(open.indexOf(file))
    if (circle.length > 1 || targets.includes(file)) circles.push(circle.sort())
  }
  for (const file of imports.keys()) if (!order.has(file)) visit(file)
  return circles
}
