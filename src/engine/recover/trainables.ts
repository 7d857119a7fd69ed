// The trained parameters of a block or a model on a device: the arena that holds them, adapters over it, and where
// gradients go.
import type { AdaptedLinear, TrainableSet } from '../../plan/trainable.ts'
import { Arena } from '../compute/arena.ts'
import type { Backend } from '../compute/backend.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import { rows, type Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Adapter, Grads, Linear, RowRange } from '../model/module.ts'
import type { Mask } from '../prune/mask.ts'
import { createEffectiveWeights, type EffectiveWeights, type TrainableAdapter } from './adapters/adapter.ts'
import { adapterKinds } from './adapters/adapters.ts'
import { createParameterArena, type ParameterArena, type ParameterSpec } from './parameterArena.ts'

export interface TrainableOptions {
  readonly rank: number
  /** Adapters are scaled by alpha / rank. */
  readonly alpha: number
  /** The mask of a module; a linear without one keeps all its weights. */
  readonly maskOf: (linear: string) => Promise<Mask | undefined>
  /** Values that direct parameters start from, f32 in the engine's orientation. */
  readonly valueOf: (parameter: string) => Promise<Float32Array>
  /** A [rank, I] of an adapter that starts from drawn matrices. */
  readonly startOf: (linear: string, numIn: number) => Promise<Float32Array>
  /** Parameters of the checkpoint that weight decay does not apply to. */
  readonly undecayed?: ReadonlySet<string>
  /** Memory for effective weights kept between passes. */
  readonly effectiveWeightBytes: number
}

export interface Trainables {
  readonly parameters: ParameterArena
  readonly grads: Grads
  /** Trained parameters by name, which replace the checkpoint's. */
  readonly overrides: ReadonlyMap<string, Tensor>
  readonly adapterOf: (linear: Pick<Linear, 'name'>) => Adapter | null
  /** Sets the gradients of pruned weights to 0. Call it before the norm is taken. */
  maskGradients(): void
  /** Tells adapters that their parameters have changed. Call it after every optimiser step. */
  changed(): void
  /** out [O, I] f32 = the linear's weight with its adapter folded in; false without an adapter (`out` is untouched). `range` as in `Adapter`. */
  merge(linear: Linear, out: Tensor, range?: RowRange): boolean
  close(): void
}

export async function createTrainables(
  backend: Backend,
  set: TrainableSet,
  options: TrainableOptions,
): Promise<Trainables> {
  const specs = [
    ...set.direct.map(({ name, shape }): ParameterSpec => ({ name, shape, decays: !options.undecayed?.has(name) })),
    ...set.adapted.flatMap((linear) => adapterParameters(linear, options.rank)),
  ]
  const parameters = createParameterArena(backend, specs)
  const weights = createEffectiveWeights(backend, options.effectiveWeightBytes)
  const masks = new Map<string, Tensor>()
  const held = new Arena(backend)
  const close = () => {
    parameters.close()
    weights.close()
    held.close()
  }
  /** Loads masks of one shape side by side, or none of them where one is missing. */
  const loadMasks = async (linears: readonly string[]): Promise<void> => {
    const found: Mask[] = []
    for (const linear of linears) {
      const mask = await options.maskOf(linear)
      if (mask) found.push(mask)
    }
    if (found.length < linears.length) return
    const [{ rows: height, columns }] = found
    const all = held.allocate([linears.length * height, maskWords(columns)], 'u32')
    found.forEach(({ words }, k) => {
      const own = rows(all, k * height, (k + 1) * height)
      backend.write(own, words)
      masks.set(linears[k], own)
    })
  }
  const maskOf = async (linear: string): Promise<Tensor | null> => {
    if (!masks.has(linear)) await loadMasks([linear])
    return masks.get(linear) ?? null
  }
  try {
    const adapters = new Map<string, TrainableAdapter>()
    for (const { name } of set.direct) backend.write(need(parameters.param(name), name), await options.valueOf(name))
    for (const group of alikeOf(set.adapted)) await loadMasks(group)
    for (const linear of set.adapted) {
      await writeStart(backend, parameters, linear, options)
      adapters.set(linear.name, createAdapter(parameters, linear, await maskOf(linear.name), weights, options))
    }
    const maskedGrads: { grad: Tensor; mask: Tensor }[] = []
    for (const { name, masked } of set.direct) {
      const mask = masked === null ? null : await maskOf(masked)
      if (mask) maskedGrads.push({ grad: need(parameters.grad(name), name), mask })
    }
    return {
      parameters,
      grads: { of: (name) => parameters.grad(name) },
      overrides: new Map(set.direct.map(({ name }) => [name, need(parameters.param(name), name)])),
      adapterOf: (linear) => adapters.get(linear.name) ?? null,
      maskGradients: () => maskedGrads.forEach(({ grad, mask }) => backend.kernels.applyMask(grad, mask)),
      changed: () => weights.invalidate(),
      merge(linear, out, range) {
        const adapter = adapters.get(linear.name)
        adapter?.merge(backend, linear, out, range)
        return adapter !== undefined
      },
      close,
    }
  } catch (error) {
    close()
    throw error
  }
}

/** Most linears whose masks are side by side: queries, keys, values, and an output of their shape. */
const mostBeside = 4

/** Groups consecutive linears of one shape, a few at a time: one kernel takes all masks of a group if they are side by side. */
function alikeOf(linears: readonly AdaptedLinear[]): string[][] {
  const groups: AdaptedLinear[][] = []
  for (const linear of linears) {
    const last = groups.at(-1)
    if (last && last.length < mostBeside && last[0].shape.join() === linear.shape.join()) last.push(linear)
    else groups.push([linear])
  }
  return groups.map((group) => group.map(({ name }) => name))
}

function adapterParameters({ name, shape, kind }: AdaptedLinear, rank: number) {
  return adapterKinds[kind].parameters(shape, rank).map((p) => ({ ...p, name: `${name}.${p.suffix}` }))
}

/** Drawn matrices come from the file or the seed; the arena is 0 already. */
async function writeStart(
  backend: Backend,
  parameters: ParameterArena,
  linear: AdaptedLinear,
  { rank, startOf }: TrainableOptions,
): Promise<void> {
  for (const { name, start } of adapterParameters(linear, rank)) {
    const parameter = need(parameters.param(name), name)
    if (start === 'drawn') backend.write(parameter, await startOf(linear.name, linear.shape[1]))
    else if (start !== 0) backend.kernels.fill(parameter, start)
  }
}

function createAdapter(
  parameters: ParameterArena,
  linear: AdaptedLinear,
  mask: Tensor | null,
  weights: EffectiveWeights,
  { rank, alpha }: TrainableOptions,
): TrainableAdapter {
  const trained = adapterParameters(linear, rank).map(({ name }) => ({
    value: need(parameters.param(name), name),
    grad: need(parameters.grad(name), name),
  }))
  return adapterKinds[linear.kind].create({ trained, mask, rank, scale: alpha / rank, weights })
}

function need(tensor: Tensor | null, name: string): Tensor {
  if (tensor) return tensor
  throw new EngineError('internal', `${name} is not in the parameter arena`)
}
