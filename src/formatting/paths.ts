// Paths as text, for code that cannot look at a disk.

/** Place of an output relative to a model's folder: the same folder, inside it, or around it. */
export type Overlap = 'same' | 'inside' | 'around'

/** The path's parts with `.` and `x/..` taken out; of an absolute path the first is empty or a drive. */
function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '.' || (part === '' && parts.length > 0)) continue
    const last = parts.at(-1)
    if (part === '..' && last !== undefined && last !== '..' && last !== '') parts.pop()
    else parts.push(part)
  }
  return parts
}

/** The one spelling of a path: with slashes, without detours. */
export function normalPath(path: string): string {
  return partsOf(path).join('/')
}

/** Compares two paths that are relative to the same folder, or both absolute; links are not followed. null where they are apart. */
export function overlapOfPaths(output: string, model: string): Overlap | null {
  const [out, folder] = [partsOf(output), partsOf(model)]
  const within = (inner: readonly string[], outer: readonly string[]) =>
    outer.every((part, i) => inner[i] === part) && !['', '..'].includes(inner[outer.length] ?? '.')
  if (out.join('/') === folder.join('/')) return 'same'
  if (within(out, folder)) return 'inside'
  return within(folder, out) ? 'around' : null
}
