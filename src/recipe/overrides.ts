// Settings by path, `recover.steps` or `prune.0.sparsity`: for `run --set` and for sweeps.
import { readDocument } from './document.ts'
import { sweepWords } from './sweepSchema.ts'

/** `a.b=c` as given on a command line; the value is YAML. Null when there is no path. */
export function parseSetting(text: string): { path: string; value: unknown } | null {
  const equals = text.indexOf('=')
  if (equals <= 0) return null
  const { value, problems } = readDocument(text.slice(equals + 1))
  return problems.length > 0 ? null : { path: text.slice(0, equals), value: value ?? null }
}

/**
 * A copy of `recipe` with the value at `path` replaced. Maps on the way are made where they are missing; a list must
 * have the index already. `sweep.prune.0.sparsity` is the list of values that a sweep tries for `prune.0.sparsity`. Null
 * when the path leads through something that is neither.
 */
export function withSetting(recipe: unknown, path: string, value: unknown): unknown {
  return set(recipe, keysOf(path), value)
}

/** A sweep's own keys are paths with their dots in them. */
function keysOf(path: string): string[] {
  const [first, ...rest] = path.split('.')
  const isSwept = first === 'sweep' && rest.length > 0 && !sweepWords.includes(rest[0])
  return isSwept ? [first, rest.join('.')] : [first, ...rest]
}

function set(target: unknown, [key, ...rest]: string[], value: unknown): unknown {
  if (key === undefined) return value
  if (Array.isArray(target)) {
    const index = Number(key)
    if (!/^\d+$/.test(key) || index >= target.length) return null
    const inner = set(target[index], rest, value)
    return inner === null && rest.length > 0 ? null : target.map((item: unknown, i) => (i === index ? inner : item))
  }
  if (key === '' || key === '__proto__') return null
  const map = target === undefined || target === null ? {} : target
  if (typeof map !== 'object') return null
  const old = Object.hasOwn(map, key) ? (map as Record<string, unknown>)[key] : undefined
  const inner = set(old, rest, value)
  return inner === null && rest.length > 0 ? null : { ...map, [key]: inner }
}
