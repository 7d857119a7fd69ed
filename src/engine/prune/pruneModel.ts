// The pruning loop (methods.md 4), block by block: dense forward with observers, prune, let the caller train, round
// to the stored type, propagate. Statistics and inputs always come from the already finished earlier blocks.
import type { Backend } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import { breathe } from '../breathe.ts'
import type { Activations, ActivationBudget } from './activations.ts'
import { findGlobalLimits, isGlobal } from './globalLimit.ts'
import type { PruneHost } from './host.ts'
import { zerosOf, type Mask } from './mask.ts'
import { checkEntries, entryIndex, lookAtData, type PruneEntry } from '../../shared/plan/pruneEntries.ts'
import { pruneBlock, type PruneContext, type PrunedLinear } from './pruneBlock.ts'
import { Statistics } from './statistics.ts'
import {
  createStream,
  embedAll,
  runBlock,
  type BlockStream,
  type CalibrationSet,
  type Flow,
  type PrunableBlock,
} from './stream.ts'

/** A block between its stages. Tensors and activations belong to the loop: use them, do not release them. */
export interface BlockState<B extends PrunableBlock> {
  readonly block: B
  /** Of every linear that is pruned, now or before; complete from `onPruned` on. */
  readonly masks: ReadonlyMap<string, Mask>
  readonly pruned: readonly PrunedLinear[]
  /** Inputs of the block in the finished stream; null when the run has no data. */
  readonly inputs: Activations | null
  /** With `dense: 'block'`: the dense block's outputs on `inputs`. With 'model': the dense model's own outputs of this block. */
  readonly denseOutputs: Activations | null
  /** With `dense: 'model'`: the dense model's own inputs of this block. */
  readonly denseInputs: Activations | null
  /** With `middles`: the states between attention and MLP on the way to `denseOutputs`. May be written over. */
  readonly denseMiddles: Activations | null
}

export interface PruneHooks<B extends PrunableBlock> {
  /** The block is still dense, statistics are complete: the place to keep copies of what pruning changes. */
  onDense?(state: BlockState<B>): Promise<void>
  /** Pruned weights are exactly 0: the place to reconstruct (train, and merge adapters into the weights). */
  onPruned?(state: BlockState<B>): Promise<void>
  /** Weights are rounded to the stored types, later blocks see these: the place to save. */
  onFinished?(state: BlockState<B>): Promise<void>
  /** The block as an earlier run has finished and saved it, or null. The loop releases it. */
  finished?(index: number): Promise<{ readonly block: B; readonly masks: ReadonlyMap<string, Mask> } | null>
}

export interface PruneOptions<B extends PrunableBlock> {
  /** Where forward passes run and the blocks of `stream` lie. */
  readonly backend: Backend
  /** Where weights are pruned: always a CPU backend, possibly `backend` itself. */
  readonly host: PruneHost
  readonly stream: BlockStream<B>
  readonly entries: readonly PruneEntry[]
  /** Masks of linears that are pruned already and not by `entries`. */
  readonly given?: ReadonlyMap<string, Mask>
  /** null is enough for magnitude and random pruning without hooks that need inputs. */
  readonly calibration: CalibrationSet | null
  /** Which dense outputs to keep for reconstruction (recipe: `inputs: pruned` → block, `inputs: dense` → model). */
  readonly dense: 'none' | 'block' | 'model'
  /** Keep the dense states between attention and MLP too. */
  readonly middles?: boolean
  readonly seed: number
  /** Of all activations together; up to four streams of them exist at once. */
  readonly activations: ActivationBudget
  readonly hooks: PruneHooks<B>
  readonly signal?: AbortSignal
  /** Counts the windows of all passes through all blocks, and one for each block pruned. */
  readonly onProgress?: (done: number, total: number) => void
  readonly onWarning?: (message: string) => void
}

/** Prunes the whole model, block by block; what a caller wants to keep of it, it takes in the hooks. */
export async function pruneModel<B extends PrunableBlock>(options: PruneOptions<B>): Promise<void> {
  const { stream, entries, calibration, dense } = options
  checkEntries(entries, stream.shapes)
  const index = entryIndex(entries)
  const streams = lookAtData(entries.filter((entry) => !isGlobal(entry))) || dense !== 'none'
  if (!calibration && (streams || lookAtData(entries)))
    throw new EngineError('bad-data', 'these pruning methods, and reconstruction, need data: set `calibration`')

  const passes = (lookAtData(entries.filter(isGlobal)) ? 1 : 0) + (streams ? 2 : 0) + (dense === 'model' ? 1 : 0)
  const total = stream.blockCount * ((calibration?.windows ?? 0) * passes + 1)
  let done = 0
  const advance = (count: number) => options.onProgress?.((done += count), total)
  const flow = calibration && { ...options, set: calibration, budget: options.activations, onWindows: advance }
  const globals = await findGlobalLimits({ ...options, flow }, entries)
  const warn = (message: string) => options.onWarning?.(message)
  const context = { ...options, entryOf: (name: string) => index.get(name), globals, warn }
  const states = await createStates(streams ? flow : null, options)
  const loop = { options, context, flow, states, advance }
  try {
    for (let i = 0; i < stream.blockCount; i++) {
      await breathe(options.signal)
      const finished = (await options.hooks.finished?.(i)) ?? null
      if (finished) await passFinished(loop, i, finished.block)
      else await processBlock(loop, await stream.load(i))
      advance(1)
    }
  } finally {
    await states.close()
  }
}

interface Loop<B extends PrunableBlock> {
  readonly options: PruneOptions<B>
  readonly context: PruneContext
  readonly flow: Flow<B> | null
  readonly states: HiddenStates
  readonly advance: (count: number) => void
}

/** One block from dense to finished. */
async function processBlock<B extends PrunableBlock>(loop: Loop<B>, block: B): Promise<void> {
  const { options, context, flow, states } = loop
  const { hooks, stream, given } = options
  const observed = block.linears.some(({ name }) => needsStatistics(context.entryOf(name)))
  const statistics = observed && flow ? new Statistics(options.backend, flow.set.windows, context.entryOf) : null
  try {
    await runDense(loop, block, statistics)
    const masks = new Map<string, Mask>()
    const pruned: PrunedLinear[] = []
    for (const { name, weight } of block.linears) {
      const mask = given?.get(name)
      if (!mask) continue
      masks.set(name, mask)
      pruned.push({ name, method: null, zeros: zerosOf(mask), size: weight.length, loss: null })
    }
    const state = { ...states.current(), block, masks, pruned }
    await hooks.onDense?.(state)
    pruned.push(...(await pruneBlock(context, block, statistics, masks)))
    // Hessians may be larger than the block: they go before training needs room.
    statistics?.close()
    await hooks.onPruned?.(state)
    stream.round(block)
    await hooks.onFinished?.(state)
    await propagate(loop, block)
  } finally {
    statistics?.close()
    stream.release(block)
  }
}

/** The dense block on the streams: statistics from the pruned one, outputs where reconstruction wants them. */
async function runDense<B extends PrunableBlock>(
  { flow, states, options, advance }: Loop<B>,
  block: B,
  statistics: Statistics | null,
): Promise<void> {
  const { inputs, denseInputs, denseOutputs, denseMiddles: middles } = states.current()
  if (!flow || !inputs) return
  const output = options.dense === 'block' ? denseOutputs : null
  const observe = statistics?.observe
  if (observe || output) await runBlock(flow, block, inputs, output, { observe, middles: output && middles })
  else advance(flow.set.windows)
  if (denseInputs) await runBlock(flow, block, denseInputs, denseOutputs, { middles })
}

/** The finished block's outputs become the inputs of the next one. */
async function propagate<B extends PrunableBlock>(
  { flow, states, options, advance }: Loop<B>,
  block: B,
): Promise<void> {
  const { inputs } = states.current()
  if (!flow || !inputs) return
  if (block.index + 1 < options.stream.blockCount) await runBlock(flow, block, inputs, inputs)
  else advance(flow.set.windows)
  states.next()
}

/** A block that an earlier run has finished: what later blocks need of it is brought up to date. */
async function passFinished<B extends PrunableBlock>(loop: Loop<B>, index: number, finished: B): Promise<void> {
  const { options, context, flow, states } = loop
  const { stream } = options
  try {
    if (context.globals.size || states.current().denseInputs) {
      const dense = await stream.load(index)
      try {
        if (states.current().denseInputs) await runDense(loop, dense, null)
        // Selecting again uses up this block's share of the ties of global groups.
        const entryOf = (name: string) => {
          const entry = context.entryOf(name)
          return entry && context.globals.has(entry) ? entry : undefined
        }
        await pruneBlock({ ...context, entryOf }, dense, null, new Map())
      } finally {
        stream.release(dense)
      }
    } else if (flow && states.current().inputs) loop.advance(flow.set.windows)
    await propagate(loop, finished)
  } finally {
    stream.release(finished)
  }
}

function needsStatistics(entry: PruneEntry | undefined): boolean {
  return entry !== undefined && lookAtData([entry]) && !isGlobal(entry)
}

/** The streams of hidden states between two blocks. */
interface HiddenStates {
  current(): Pick<BlockState<PrunableBlock>, 'inputs' | 'denseInputs' | 'denseOutputs' | 'denseMiddles'>
  /** The dense model's outputs become its inputs of the next block. */
  next(): void
  close(): Promise<void>
}

async function createStates<B extends PrunableBlock>(
  flow: Flow<B> | null,
  { dense, middles }: Pick<PruneOptions<B>, 'dense' | 'middles'>,
): Promise<HiddenStates> {
  if (!flow) {
    const none = { inputs: null, denseInputs: null, denseOutputs: null, denseMiddles: null }
    return { current: () => none, next: () => undefined, close: async () => undefined }
  }
  const count = { none: 1, block: 2, model: 3 }[dense] + (middles ? 1 : 0)
  const shared = { ...flow, budget: { ...flow.budget, bytes: flow.budget.bytes / count } }
  const inputs = await embedAll(shared)
  let denseInputs = dense === 'model' ? await embedAll(shared) : null
  let denseOutputs = dense === 'none' ? null : createStream(shared)
  const denseMiddles = middles ? createStream(shared) : null
  return {
    current: () => ({ inputs, denseInputs, denseOutputs, denseMiddles }),
    next: () => {
      if (denseInputs && denseOutputs) [denseInputs, denseOutputs] = [denseOutputs, denseInputs]
    },
    close: async () => {
      for (const stream of [inputs, denseInputs, denseOutputs, denseMiddles]) await stream?.close()
    },
  }
}
