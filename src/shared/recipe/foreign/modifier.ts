// One modifier of llm-compressor or SparseML as a pruning step.
import type { Draft, Note } from './convert.ts'
import type { Json, JsonMap, Modifier } from './dialect.ts'

const methods: Readonly<Record<string, string>> = {
  SparseGPTModifier: 'sparsegpt',
  SparseGPTModifierBase: 'sparsegpt',
  WandaPruningModifier: 'wanda',
  MagnitudePruningModifier: 'magnitude',
  GMPruningModifier: 'magnitude',
  GlobalMagnitudePruningModifier: 'magnitude',
}

/** Settings that are understood, or that say what is the case here anyway. */
const handled = new Set([
  'sparsity', 'final_sparsity', 'mask_structure', 'prunen', 'prunem', 'block_size', 'dampening_frac', 'percdamp',
  'targets', 'ignore', 'compress_layers', 'target_ids', 'sequential_update', 'sequential_targets', 'offload_hessians',
  'layer_prefix',
]) // prettier-ignore

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
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined
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
    scope: name === 'GlobalMagnitudePruningModifier' ? 'global' : undefined,
    block_size: method === 'sparsegpt' ? settings.block_size : undefined,
    dampening: method === 'sparsegpt' ? (settings.dampening_frac ?? settings.percdamp) : undefined,
    ...targetsOf(settings, note),
  }
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
    const module = entry.replace(/\.weight(\$?)$/, '$1')
    if (module !== entry) note(key, `${entry} names a tensor: taken as the module ${module}`)
    return module
  }
  const key = ['targets', 'compress_layers', 'target_ids'].find((k) => settings[k] !== undefined)
  // Their targets may be whole blocks, by class or by number; the linears inside are meant.
  const ofBlocks = (t: string) => /(?:Layer|Block)$/.test(t) || /(?:layers|blocks|h)\\?\.\\d[*+]?\$?$/.test(t)
  const targets =
    key === undefined
      ? []
      : list(settings[key])
          .map(rename(key))
          .map((t) => (ofBlocks(t) ? 'Linear' : t))
  const ignore = list(settings.ignore)
    .map(rename('ignore'))
    .filter((t) => !/lm_head\$?$/.test(t))
  return {
    targets: targets.length > 0 && targets.join() !== 'Linear' ? [...new Set(targets)] : undefined,
    ignore: ignore.length > 0 ? ignore : undefined,
  }
}
