// One modifier of llm-compressor or SparseML as a pruning step.
import { allocationNames, allocationOf } from '../../allocations/allocations.ts'
import { methodNames, methodOf, type MethodName } from '../../methods/methods.ts'
import type { Draft, Note } from './draft.ts'
import type { Json, JsonMap, Modifier } from './dialect.ts'

/** Method names by the other tool's modifiers. */
const methodByModifier = new Map(
  methodNames.flatMap((name) => (methodOf(name).foreign?.modifiers ?? []).map((modifier) => [modifier, name] as const)),
)
const methodSettings = methodNames.flatMap((name) => Object.values(methodOf(name).foreign?.keys ?? {}).flat())

const allocationSettings = [
  'sparsity_profile',
  ...allocationNames.flatMap((name) => Object.values(allocationOf(name).foreign?.keys ?? {})),
]

/** Settings that are understood, or that say what is the case here anyway. */
const handled = new Set<string>([
  ...methodSettings,
  ...allocationSettings,
  'sparsity',
  'final_sparsity',
  'mask_structure',
  'prunen',
  'prunem',
  'targets',
  'ignore',
  'compress_layers',
  'target_ids',
  'sequential_update',
  'sequential_targets',
  'offload_hessians',
  'layer_prefix',
])

/** Null, with a note, for what has no counterpart. */
export function pruneStepOf({ name, settings, path }: Modifier, notes: Note[]): Draft | null {
  const note = (key: string | null, message: string) =>
    notes.push({
      path: key === null ? path : [...path, key],
      message: `${key === null ? name : `${name}.${key}`}: ${message}`,
    })
  if (name === 'ConstantPruningModifier') {
    note(null, 'the mask is always kept here, so nothing is needed for it')
    return null
  }
  const method = methodByModifier.get(name)
  if (method === undefined) {
    note(null, 'has no counterpart (quantisation, distillation and expert pruning are not done here)')
    return null
  }
  for (const key of Object.keys(settings)) if (!handled.has(key)) note(key, 'has no counterpart and was left out')
  const pattern = patternOf(settings)
  const sparsity = settings.sparsity ?? settings.final_sparsity
  return {
    method,
    sparsity: pattern === undefined && sparsity !== undefined ? sparsity : undefined,
    pattern,
    ...allocationOfProfile(settings, note),
    scope: methodOf(method).foreign?.global?.includes(name) ? 'global' : undefined,
    ...ownKeys(method, settings),
    ...targetsOf(settings, note),
  }
}

/** A profile of sparsities over the blocks, under our names. */
function allocationOfProfile(settings: JsonMap, note: (key: string, message: string) => void): Draft {
  const { sparsity_profile: profile } = settings
  if (profile === undefined || profile === null) return {}
  // Capitals do not count there.
  const written = String(profile).toLowerCase()
  const name = allocationNames.find((n) => allocationOf(n).foreign?.profile === written)
  if (name === undefined) {
    note('sparsity_profile', `${String(profile)} is no spread over the blocks that is known here, and was left out`)
    return {}
  }
  const keys = Object.entries(allocationOf(name).foreign?.keys ?? {})
  const given = keys.flatMap(([key, theirs]) => (settings[theirs] === undefined ? [] : [[key, settings[theirs]]]))
  return { allocation: name, [name]: Object.fromEntries(given) as Json }
}

/** Settings of the method, under our names. */
function ownKeys(method: MethodName, settings: JsonMap): Draft {
  const keys = Object.entries(methodOf(method).foreign?.keys ?? {})
  return Object.fromEntries(
    keys.map(([key, theirs]) => [key, theirs.map((name) => settings[name]).find((value) => value !== undefined)]),
  )
}

/** `0:0` means unstructured there. */
function patternOf(settings: JsonMap): string | undefined {
  const { mask_structure: structure, prunen, prunem } = settings
  if (typeof structure === 'string' && structure !== '0:0' && structure !== 'unstructured') return structure
  if (typeof prunen === 'number' && typeof prunem === 'number' && prunen > 0) return `${prunen}:${prunem}`
  return undefined
}

function targetsOf(settings: JsonMap, note: (key: string, message: string) => void): Draft {
  const list = (value: Json | undefined): string[] =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((v) => typeof v === 'string')
  const rename = (key: string) => (entry: string) => {
    if (/^__ALL/.test(entry)) return 'Linear'
    const module = entry.replace(/\\?\.weight(\$?)$/, '$1')
    if (module !== entry) note(key, `${entry} names a tensor: taken as the module ${module}`)
    return module
  }
  const key = ['targets', 'compress_layers', 'target_ids'].find((k) => settings[k] !== undefined)
  const targets =
    key === undefined
      ? []
      : list(settings[key])
          .map(rename(key))
          .map((t) => (isOfAllBlocks(t) ? 'Linear' : insideBlock(t)))
  const ignore = list(settings.ignore)
    .map(rename('ignore'))
    .map(insideBlock)
    .filter((t) => !/lm_head\$?$/.test(t))
  return {
    targets: targets.length > 0 && targets.join() !== 'Linear' ? [...new Set(targets)] : undefined,
    ignore: ignore.length > 0 ? ignore : undefined,
  }
}

// Their targets may be whole blocks, by class or by number; the linears inside are meant.
const block = String.raw`(?:^|[.:*])(?:layers|blocks|h)\\?\.`

function isOfAllBlocks(target: string): boolean {
  return /(?:Layer|Block)$/.test(target) || new RegExp(String.raw`${block}(?:\\d|\[0-9\])[*+]\$?$`).test(target)
}

/** A regular expression without an end matches what is inside already. */
function insideBlock(target: string): string {
  const isExpression = target.startsWith('re:')
  const number = isExpression ? String.raw`(?:\d|\\d|\[[^\]]*\]|\([^()]*\))+\$$` : String.raw`\d+$`
  if (!new RegExp(block + number).test(target)) return target
  return isExpression ? `${target.slice(0, -1)}\\..*` : `re:${target.replaceAll('.', '\\.')}\\..*`
}
