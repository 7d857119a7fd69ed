// The parts of a model outside its blocks: word and position tables, projections, final norm, head. Token ids become the first
// block's input here, and gradients of that input become gradients of the tables.
import type { Backend, DeviceTraits } from '../compute/backend.ts'
import { rows, slice, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { ModelConfig } from '../../catalog/families/modelConfig.ts'
import { endParameters, headWeightName, moduleName } from '../../catalog/families/parameters.ts'
import { vocabularyChunk } from '../../plan/passMemory.ts'
import { type LoadOptions, normOf } from './block.ts'
import { deviceBytes, type LoadAs, loadParts } from './weights.ts'
import { packWeight } from './packWeights.ts'
import { checkTiedHead, type Model } from './model.ts'
import { eachTime, type Grads, type Linear, rangesOf, type RowRange, type Step } from './module.ts'
import type { Norm } from './norm.ts'
import { type Batch, positionRows } from './batch.ts'
import { linearBackward, linearForward } from './linear.ts'

/** Vocabulary entries in one product of the head when training on a GPU. The weights of such a chunk fit into one buffer on any GPU. */
function keptRows(width: number): number {
  return Math.min(65_536, Math.max(vocabularyChunk, 2 ** Math.floor(Math.log2(2 ** 26 / width))))
}

/** A matrix with a row for each token: in one tensor, or in several where no buffer of the device holds all rows. */
export interface Table {
  /** Name in the checkpoint. */
  readonly name: string
  /** The rows [rows, width] in order, possibly 16-bit. All parts but the last have equally many: whole chunks of the head. */
  readonly parts: readonly Tensor[]
}

/** The chunks of the vocabulary that the head computes one at a time. A `large` chunk is a whole number of the other chunks. */
export function chunksOf({ vocabSize, embedSize }: ModelConfig, large: boolean): RowRange[] {
  return rangesOf(vocabSize, large ? keptRows(embedSize) : vocabularyChunk)
}

/** How the rows of a table [numRows, width] of `bytes` bytes are divided into tensors. */
export function partsOf(
  { mostTensorBytes = Infinity }: DeviceTraits,
  [numRows, width]: readonly number[],
  bytes: number,
): RowRange[] {
  if (bytes <= mostTensorBytes) return [{ start: 0, end: numRows }]
  const chunk = keptRows(width)
  const chunks = Math.floor(mostTensorBytes / ((bytes / numRows) * chunk))
  return rangesOf(numRows, Math.max(1, chunks) * chunk)
}

/** Rows [start, end) as a view. The range must be in one chunk of the head. */
export function tableRows({ parts }: Table, { start, end }: RowRange): Tensor {
  const numRows = parts[0].shape[0]
  const part = Math.floor(start / numRows)
  return rows(parts[part], start - part * numRows, end - part * numRows)
}

/** out[n] = scale · row ids[n]. */
export function gatherTable({ kernels }: Backend, out: Tensor, { parts }: Table, ids: Tensor, scale: number): void {
  parts.forEach((part, i) => kernels.gatherRows(out, part, ids, scale, i * parts[0].shape[0]))
}

export interface Ends {
  readonly config: ModelConfig
  /** Parameters by checkpoint name, except tables in several tensors. A tied head is found under the embedding's name only. */
  readonly params: ReadonlyMap<string, Tensor>
  readonly tokens: Table
  /** null for rotary positions. */
  readonly positions: Table | null
  /** OPT-350m: [C, E] into the blocks and [E, C] out of them. */
  readonly projectIn: Linear | null
  readonly projectOut: Linear | null
  readonly finalNorm: Norm | null
  readonly head: Head
  readonly owned: readonly Tensor[]
}

/** The linear [V, E] that gives the logits. */
export interface Head {
  /** Module name of the head, also where its table is the embedding. */
  readonly name: string
  readonly table: Table
  readonly bias: Tensor | null
}

/** A range of the head's output features as a linear of its own. */
export function headPart({ name, table, bias }: Head, range: RowRange): Linear {
  const { start, end } = range
  return { name, weight: tableRows(table, range), bias: bias && slice(bias, start, [end - start]), inputKey: 'lmHead' }
}

/** Loads everything outside the blocks. Tables may stay 16-bit; norms and biases are f32. */
export async function loadEnds(backend: Backend, model: Model, options: LoadOptions = { as: 'stored' }): Promise<Ends> {
  await checkTiedHead(model)
  const wanted = endParameters(model.config).filter((p) => !options.overrides?.has(p.name))
  const parts = wanted.flatMap((parameter) => {
    const ranges = partsOf(backend.traits, parameter.shape, deviceBytes(model, parameter, options.as))
    return ranges.map((range) => ({ parameter, range }))
  })
  const tensors = await loadParts(backend, model, parts, options.as)
  const packed = options.packs ? headWeightName(model.config) : null
  const held = tensors.map((tensor, i) => (parts[i].parameter.name === packed ? packWeight(backend, tensor) : tensor))
  const partsNamed = (name: string) => held.filter((_, i) => parts[i].parameter.name === name)
  return { ...assemble(model, partsNamed, options), owned: held }
}

export function releaseEnds(backend: Backend, ends: Ends): void {
  for (const tensor of ends.owned) backend.release(tensor)
}

export function endsBytes(model: Model, as: LoadAs): number {
  return endParameters(model.config).reduce((sum, p) => sum + deviceBytes(model, p, as), 0)
}

function assemble(
  { config }: Model,
  read: (name: string) => readonly Tensor[],
  { overrides }: LoadOptions,
): Omit<Ends, 'owned'> {
  const named = (name: string): Table => {
    const given = overrides?.get(name)
    return { name, parts: given ? [given] : read(name) }
  }
  const table = (slot: 'embed.token' | 'embed.position') => named(`${moduleName(config, slot)}.weight`)
  const params = new Map<string, Tensor>()
  for (const { name } of endParameters(config)) {
    const { parts } = named(name)
    if (parts.length === 1) params.set(name, parts[0])
  }
  const find = (name: string): Tensor => {
    const tensor = params.get(name)
    if (!tensor) throw new EngineError('internal', `${name} was not read whole`)
    return tensor
  }
  const linear = (slot: 'embed.in' | 'embed.out'): Linear => {
    const name = moduleName(config, slot)
    return { name, weight: find(`${name}.weight`), bias: null, inputKey: slot }
  }
  const projected = config.embedSize !== config.hiddenSize
  const headName = moduleName(config, 'lmHead')
  const bias = config.bias.head ? find(`${headName}.bias`) : null
  return {
    config,
    params,
    tokens: table('embed.token'),
    positions: config.position.kind === 'learned' ? table('embed.position') : null,
    projectIn: projected ? linear('embed.in') : null,
    projectOut: projected ? linear('embed.out') : null,
    finalNorm: config.finalNorm ? normOf(config.norm, moduleName(config, 'finalNorm'), params) : null,
    head: { name: headName, table: named(headWeightName(config)), bias },
  }
}

/** What the embedding keeps for its backward. */
export interface EmbeddingSaved {
  /** i32 [N] */
  readonly ids: Tensor
  /** i32 [N]; null for rotary positions. */
  readonly positions: Tensor | null
  /** Word embeddings [N, E] before `projectIn`; null without one. */
  readonly words: Tensor | null
}

/** ids → [N, C]: word rows · scale (→ projectIn) + position rows. */
export function embed(step: Step, ends: Ends, batch: Batch): { output: Tensor; saved: EmbeddingSaved } {
  const { backend, arena } = step
  const { kernels } = backend
  const { config, tokens, projectIn } = ends
  const numRows = batch.ids.length
  const ids = arena.allocate([numRows], 'i32')
  eachTime(step, () => backend.write(ids, batch.ids))
  const words = arena.allocate([numRows, config.embedSize])
  gatherTable(backend, words, tokens, ids, config.embedScale)
  const output = projectIn ? arena.allocate([numRows, config.hiddenSize]) : words
  if (projectIn) linearForward(step, output, projectIn, words)
  const positions = ends.positions ? arena.allocate([numRows], 'i32') : null
  if (ends.positions && positions) {
    eachTime(step, () => backend.write(positions, positionRows(config, batch, step.cache?.past)))
    const rows = arena.allocate(output.shape)
    gatherTable(backend, rows, ends.positions, positions, 1)
    kernels.addScaled(output, rows, 1)
    arena.release(rows)
  }
  return { output, saved: { ids, positions, words: projectIn ? words : null } }
}

/** Adds the gradients of the tables and of `projectIn` that are wanted, given dOutput [N, C]. */
export function embedBackward(step: Step, ends: Ends, saved: EmbeddingSaved, dOutput: Tensor, grads: Grads): void {
  const { kernels } = step.backend
  const dPositions = ends.positions && grads.of(ends.positions.name)
  if (dPositions && saved.positions) kernels.scatterAddRows(dPositions, dOutput, saved.positions, null)
  const dTokens = grads.of(ends.tokens.name)
  let dWords: Tensor | null = dOutput
  if (ends.projectIn && saved.words) {
    dWords = dTokens ? step.arena.allocate(saved.words.shape) : null
    linearBackward(step, ends.projectIn, saved.words, dOutput, grads, dWords)
  }
  if (dTokens && dWords) scatterScaled(step, dTokens, dWords, saved.ids, ends.config.embedScale)
}

/** Whether a gradient is wanted that only the embedding's backward gives. */
export function embeddingTrains(ends: Ends, grads: Grads): boolean {
  const names = [ends.tokens.name, ends.positions?.name, ends.projectIn && `${ends.projectIn.name}.weight`]
  return names.some((name) => name && grads.of(name) !== null)
}

function scatterScaled({ backend, arena }: Step, out: Tensor, rows: Tensor, ids: Tensor, scale: number): void {
  if (scale === 1) return backend.kernels.scatterAddRows(out, rows, ids, null)
  const scales = arena.allocate([ids.length])
  backend.kernels.fill(scales, scale)
  backend.kernels.scatterAddRows(out, rows, ids, scales)
}
