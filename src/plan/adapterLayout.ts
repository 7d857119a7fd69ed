// Which tensors of a LoRA folder (docs/methods.md, "Merging an adapter") change which parameters of a model, found out before
// anything is computed: every tensor of the file has a place, or the adapter is refused.
import { someOf } from '../formatting/lists.ts'
import { FormatError, quoted } from '../errors.ts'
import type { LoraConfig } from '../catalog/formats/loraConfig.ts'
import type { Parameter, ParameterKind } from '../catalog/families/parameters.ts'
import type { TensorFacts } from '../recipe/facts.ts'
import { nearest } from '../recipe/nearest.ts'
import { PatternError, prefixMatcher } from '../recipe/match.ts'

/** weight += scale · (B·A), under the weight's mask. */
export interface LowRankUpdate {
  /** The weight [O, I]. */
  readonly parameter: Parameter
  /** Names of the tensors A [rank, I] and B [O, rank]. */
  readonly a: string
  readonly b: string
  readonly rank: number
  readonly scale: number
  /** Tensor with the weight that the adapter was trained on, if the file has a copy: PEFT keeps one of an adapted head. */
  readonly base: string | null
}

/** A norm or bias whose trained values replace the model's. */
export interface TakenParameter {
  readonly parameter: Parameter
  readonly tensor: string
}

export interface AdapterLayout {
  readonly updates: readonly LowRankUpdate[]
  readonly taken: readonly TakenParameter[]
}

export type AdapterTensors = ReadonlyMap<string, TensorFacts>

/** Matrices of the model by which PEFT can multiply; embeddings have factors of another form. */
const matrices: readonly ParameterKind[] = ['linear', 'router', 'projection', 'head']
const vectors: readonly ParameterKind[] = ['norm', 'normBias', 'bias']
const readable = ['F32', 'F16', 'BF16']

/** @throws FormatError with the end of a sentence that begins with the adapter's name: "names …, which is no module of this model". */
export function layoutOfAdapter(
  config: LoraConfig,
  tensors: AdapterTensors,
  parameters: readonly Parameter[],
): AdapterLayout {
  const find = finderOf(parameters)
  const rankOf = createNamePattern(config.rankPattern, config.rank)
  const alphaOf = createNamePattern(config.alphaPattern, config.alpha)
  const updates = new Map<string, LowRankUpdate>()
  const taken = new Map<string, TakenParameter>()
  const adapted: string[] = []
  const bases = new Set<string>()
  for (const [tensor, { dtype }] of tensors) {
    const name = moduleIn(tensor)
    if (!readable.includes(dtype))
      throw new FormatError(`stores ${quoted(tensor)} as ${dtype}; ${someOf(readable)} can be read`)
    if (name.endsWith('.lora_B.weight')) continue
    if (tensor.endsWith('.base_layer.weight')) {
      bases.add(tensor)
      continue
    }
    if (!name.endsWith('.lora_A.weight')) {
      const parameter = vectorOf(find, tensor, name, tensors)
      if (taken.has(parameter.name)) throw twice(parameter.name)
      taken.set(parameter.name, { parameter, tensor })
      continue
    }
    const module = name.slice(0, -'.lora_A.weight'.length)
    const parameter = matrixOf(find, module, parameters)
    if (updates.has(parameter.name)) throw twice(parameter.name)
    adapted.push(module)
    const [rank, alpha] = [rankOf(module), alphaOf(module)]
    const b = tensor.replace(/lora_A\.weight$/, 'lora_B.weight')
    requireShapes(tensors, { a: tensor, b, rank, shape: parameter.shape })
    const scale = alpha / (config.rankStabilised ? Math.sqrt(rank) : rank)
    const base = baseOf(tensor, parameter, tensors)
    if (base !== null) bases.delete(base)
    updates.set(parameter.name, { parameter, a: tensor, b, rank, scale, base })
  }
  const layout = { updates: [...updates.values()], taken: [...taken.values()] }
  requirePairs(tensors, layout.updates)
  for (const base of bases) throw new FormatError(`has ${quoted(base)}, the weight of a module that it does not adapt`)
  requireTargets(config, adapted, parameters, updates)
  requireVectors(config, layout, parameters)
  return layout
}

/** The name without PEFT's prefixes, as in the model that PEFT wraps. */
function moduleIn(tensor: string): string {
  if (/\.lora_magnitude_vector\b/.test(tensor))
    throw new FormatError(
      'is a DoRA, whose weights are divided by their norms: merge it with PEFT, or train a plain LoRA',
    )
  if (/\.lora_embedding_[AB]\b/.test(tensor))
    throw new FormatError('adapts an embedding, which is not merged here: merge it with PEFT')
  return tensor.replace(/^base_model\.model\./, '').replace(/\.(?:base_layer|modules_to_save)\./, '.')
}

/** Prefixes that a checkpoint's names may have or lack: on the Hub GPT-2 lacks `transformer.`, and OPT lacks `model.`. */
const wrappers = /^(?:(?:model|transformer|language_model)\.)+/

type Find = (name: string) => Parameter | null

function finderOf(parameters: readonly Parameter[]): Find {
  const exact = new Map(parameters.map((parameter) => [parameter.name, parameter]))
  const bare = new Map<string, Parameter | null>()
  for (const parameter of parameters) {
    const name = parameter.name.replace(wrappers, '')
    bare.set(name, bare.has(name) ? null : parameter)
  }
  return (name) => exact.get(name) ?? bare.get(name.replace(wrappers, '')) ?? null
}

function matrixOf(find: Find, module: string, parameters: readonly Parameter[]): Parameter {
  const parameter = find(`${module}.weight`)
  if (parameter && matrices.includes(parameter.kind)) return parameter
  if (parameter)
    throw new FormatError(`adapts ${quoted(module)}, a ${parameter.kind} of the model, which is not merged here`)
  const meant = nearest(
    module,
    parameters.flatMap(({ name, kind }) => (kind === 'linear' ? [name.replace(/\.weight$/, '')] : [])),
  )
  const why = /(?:^|\.)(?:lm_head|embed_out)$/.test(module)
    ? 'which is the embedding in this model: a merge would change both'
    : `which is no module of this model${meant ? ` (it has ${meant})` : ''}: was it trained on another one?`
  throw new FormatError(`adapts ${quoted(module)}, ${why}`)
}

function vectorOf(find: Find, tensor: string, name: string, tensors: AdapterTensors): Parameter {
  const parameter = find(name)
  const refuse = (why: string) => new FormatError(`has ${quoted(tensor)}, ${why}`)
  if (!parameter) throw refuse('which is no parameter of this model: was it trained on another one?')
  if (!vectors.includes(parameter.kind))
    throw refuse(
      'a whole matrix (modules_to_save): only norms and biases are taken over, as a matrix has a mask to keep',
    )
  const shape = tensors.get(tensor)?.shape ?? []
  if (!sameShape(shape, parameter.shape))
    throw refuse(`[${shape.join(', ')}], the model's is [${parameter.shape.join(', ')}]`)
  return parameter
}

/** Name of the copy of the weight that the adapter was trained on. */
function baseOf(a: string, { kind, shape }: Parameter, tensors: AdapterTensors): string | null {
  const name = a.replace(/lora_A\.weight$/, 'base_layer.weight')
  const found = tensors.get(name)
  if (!found) return null
  if (kind === 'linear')
    throw new FormatError(
      `has ${quoted(name)}, a whole matrix of a block: the file contains more than a LoRA of this model`,
    )
  if (sameShape(found.shape, shape)) return name
  throw new FormatError(`has ${quoted(name)} as [${found.shape.join(', ')}], the model's is [${shape.join(', ')}]`)
}

interface Factors {
  readonly a: string
  readonly b: string
  readonly rank: number
  /** [O, I]. */
  readonly shape: readonly number[]
}

function requireShapes(tensors: AdapterTensors, { a, b, rank, shape: [numOut, numIn] }: Factors): void {
  const expected = { [a]: [rank, numIn], [b]: [numOut, rank] }
  for (const [name, shape] of Object.entries(expected)) {
    const found = tensors.get(name)?.shape
    if (!found) throw new FormatError(`lacks ${quoted(name)}: the file is not whole, get it again`)
    if (!sameShape(found, shape))
      throw new FormatError(
        `has ${quoted(name)} as [${found.join(', ')}], expected [${shape.join(', ')}]: its config or this model does not belong to it`,
      )
  }
}

function requirePairs(tensors: AdapterTensors, updates: readonly LowRankUpdate[]): void {
  const used = new Set(updates.map(({ b }) => b))
  for (const name of tensors.keys())
    if (name.endsWith('.lora_B.weight') && !used.has(name))
      throw new FormatError(
        `lacks ${quoted(name.replace(/lora_B\.weight$/, 'lora_A.weight'))}: the file is not whole, get it again`,
      )
}

/** Checks that every name in `target_modules` has tensors, and that every linear which it names has an update. */
function requireTargets(
  { targets, narrowed }: LoraConfig,
  adapted: readonly string[],
  parameters: readonly Parameter[],
  updates: ReadonlyMap<string, LowRankUpdate>,
): void {
  if (targets === null) return
  const ends = endsOf(adapted)
  for (const target of targets) {
    if (ends.has(target)) continue
    const meant = nearest(target, new Set(adapted.map((name) => name.slice(name.lastIndexOf('.') + 1))))
    throw new FormatError(
      `names ${quoted(target)} among target_modules, and has no tensors for it${meant ? `: did it mean ${meant}?` : ''}`,
    )
  }
  if (narrowed) return
  const wanted = new Set(targets)
  for (const { name, kind } of parameters) {
    const module = name.replace(/\.weight$/, '')
    if (kind === 'linear' && !updates.has(name) && [...endsOf([module])].some((end) => wanted.has(end)))
      throw new FormatError(
        `has nothing for ${module}, which its target_modules name: the file is not whole, or of a smaller model`,
      )
  }
}

/** The names, and their suffixes after each dot. */
function endsOf(names: readonly string[]): Set<string> {
  const ends = new Set<string>()
  for (const name of names) {
    ends.add(name)
    for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) ends.add(name.slice(dot + 1))
  }
  return ends
}

/** Checks that the file has the norms and biases that its config says were trained. */
function requireVectors(config: LoraConfig, { updates, taken }: AdapterLayout, parameters: readonly Parameter[]): void {
  const names = new Set(taken.map(({ parameter }) => parameter.name))
  const modules = [...names].map((name) => name.replace(/\.(?:weight|bias)$/, ''))
  // PEFT saves every module whose name ends with this text: `norm` also means input_layernorm.
  for (const module of config.modulesToSave)
    if (!modules.some((name) => name.endsWith(module)))
      throw new FormatError(`names ${quoted(module)} among modules_to_save, and has no tensors for it`)
  const adapted = new Set(updates.map(({ parameter }) => parameter.name))
  for (const { name, kind } of parameters) {
    if (config.bias === 'none' || names.has(name) || (kind !== 'bias' && kind !== 'normBias')) continue
    if (config.bias === 'lora_only' && !adapted.has(name.replace(/bias$/, 'weight'))) continue
    const cause = config.bias === 'lora_only' ? 'PEFT leaves them out of the file' : 'the file is not whole'
    throw new FormatError(
      `says that it trained biases (bias: ${config.bias}), and lacks ${name}: ${cause}; set bias to none in its config to merge without them`,
    )
  }
  if (updates.length + taken.length === 0) throw new FormatError('has no tensors: there is nothing to merge')
}

function twice(name: string): FormatError {
  return new FormatError(`has two updates of ${name}: it holds more than one adapter`)
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i])
}

// The patterns of PEFT's `rank_pattern` and `alpha_pattern`: the first key that matches the end of a module's name wins
// (peft.utils.other.get_pattern_key).

/** Most expressions: each is tried on every module, while literal names are looked up. */
const mostExpressions = 64

/** The value for a module, or `otherwise`. @throws FormatError for expressions that cannot be used. */
function createNamePattern(pattern: ReadonlyMap<string, number>, otherwise: number): (name: string) => number {
  const literal = new Map<string, { order: number; value: number }>()
  const expressions: { order: number; value: number; matches: (name: string) => boolean }[] = []
  for (const [order, [key, value]] of [...pattern].entries()) {
    if (/^[\w.-]+$/.test(key)) literal.set(key, { order, value })
    else expressions.push({ order, value, matches: expressionOf(key) })
  }
  if (expressions.length > mostExpressions)
    throw new FormatError(
      `has ${expressions.length} regular expressions in a pattern; at most ${mostExpressions} are read`,
    )
  return (name) => {
    let first = { order: Infinity, value: otherwise }
    for (let at = 0; at >= 0; at = nextPart(name, at)) {
      const found = literal.get(name.slice(at))
      if (found && found.order < first.order) first = found
    }
    for (const { order, value, matches } of expressions)
      if (order < first.order && matches(name)) first = { order, value }
    return first.value
  }
}

function nextPart(name: string, at: number): number {
  const dot = name.indexOf('.', at)
  return dot < 0 ? -1 : dot + 1
}

function expressionOf(key: string): (name: string) => boolean {
  try {
    prefixMatcher(key)
    return prefixMatcher(`(.*\\.)?(${key})$`)
  } catch (error) {
    if (!(error instanceof PatternError)) throw error
    throw new FormatError(`has the pattern ${quoted(key)}, which ${error.message}`)
  }
}
