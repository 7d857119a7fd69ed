// Names of runs, paths, and names of files as text, for code that cannot look at a disk.

export interface RunName {
  /** Name of the recipe. */
  name: string
  /** Local, "2026-12-31 23:59:58"; empty if the folder's name has another form. */
  time: string
  /** Milliseconds; 0 if the folder's name has another form. */
  started: number
}

const pattern = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(.+)$/

export function runName(folderName: string): RunName {
  const found = pattern.exec(folderName)
  if (!found) return { name: folderName, time: '', started: 0 }
  const [year, month, day, hour, minute, second] = found.slice(1, 7)
  const started = new Date(+year, +month - 1, +day, +hour, +minute, +second).getTime()
  return { name: found[7], time: `${year}-${month}-${day} ${hour}:${minute}:${second}`, started }
}

/** "wanda50 · 2026-12-31 23:59:58" */
export function runLabel({ name, time }: { name: string; time: string }): string {
  return time === '' ? name : `${name} · ${time}`
}

/** Title of a sweep's page; a name that says "sweep" itself does not get the word again. */
export function sweepTitle(name: string): string {
  return /\bsweep\b/i.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : `Sweep ${name}`
}

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

/** The normal form of a path: with forward slashes, and without `.` and `x/..`. */
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

/** Longest name in bytes. File systems allow 255, of which a prefix takes some. */
const longest = 120

/**
 * Replaces characters that some file system refuses in names. A name that is too long, or that a file system may not distinguish from
 * an earlier one, gets its index at the end.
 */
export function placeNames(names: readonly string[]): string[] {
  const taken = new Set<string>()
  return names.map((name, index) => {
    // Leading dots would hide the file, or lead out of its folder.
    const plain = name.replace(/[^\p{L}\p{N}_.,=+-]+/gu, '_').replace(/^\.+/, '_')
    const short = cut(plain)
    const isOwn = short !== '' && short === plain
    let own = isOwn ? plain : `${short}-${index}`
    // An earlier name may end with this index itself.
    while (taken.has(own.toLowerCase())) own += `-${index}`
    taken.add(own.toLowerCase())
    return own
  })
}

const utf8 = new TextEncoder()

/** The longest start that takes no more bytes than a name may have. */
function cut(text: string): string {
  let [kept, bytes] = ['', 0]
  for (const letter of text) {
    bytes += utf8.encode(letter).length
    if (bytes > longest) return kept
    kept += letter
  }
  return kept
}
