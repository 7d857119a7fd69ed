// Prunes and recovers a model block by block (docs/methods.md, "Block by block"): each block is loaded, observed, pruned, recovered,
// rounded, saved by the caller, and passed on. Statistics and inputs always come from the finished earlier blocks. To recover more of
// a model that is pruned already, the dense block is observed, and the pruned one feeds the next block.
import { needsData } from '../../catalog/methods/methods.ts'
import { breathe } from '../breathe.ts'
import type { Backend } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import type { Block } from '../model/block.ts'
import type { PruneHost } from '../prune/host.ts'
import type { Mask } from '../prune/mask.ts'
import { pruneBlock, type PruneContext } from '../prune/pruneBlock.ts'
import { reorderBlock } from '../prune/reorder.ts'
import { Statistics } from '../prune/statistics.ts'
import type { BlockReconstruction } from '../recover/reconstructBlock.ts'
import type { MatrixCertificate } from '../../plan/certificate.ts'
import { entryIndex, isGlobal, lookAtData, looksInBlocks, type PruneEntry } from '../../plan/pruneEntry.ts'
import type { ActivationBudget } from './activations.ts'
import {
  type BlockStates,
  type CalibrationSet,
  createStates,
  type DenseStates,
  type DenseStream,
  type Flow,
  runBlock,
  type WantedStates,
} from './flow.ts'
import { findGlobalLimits } from './globalLimits.ts'
import type { ModelStream } from './modelStream.ts'
import { hessianGroups, type Look, pruneInGroups, solves } from './pruneInGroups.ts'

/** One way of recovering a block after pruning, with the dense states that it needs. */
export interface BlockRecovery extends WantedStates {
  /** Set where the recovery needs the Hessians of the inputs of all linears that are pruned here. */
  readonly hessians?: true
  /** Changes weights of the block in place; pruned ones stay 0. Returns null when it has nothing to change in this block. */
  recover(work: BlockWork): Promise<BlockReconstruction | null>
}

/** A block that is processed. Its tensors and activations belong to the loop: use them, do not release them. */
export interface BlockWork {
  readonly block: Block
  /** Masks of every linear that is pruned, by this run or before. */
  readonly masks: ReadonlyMap<string, Mask>
  /** null when no step needs data. */
  readonly states: BlockStates | null
  /** The dense states that the recovery fits to; null once the block is finished. */
  readonly fitted: DenseStates | null
  /** Statistics of the dense block's inputs; null for a recovery that does not need them, and once the block is finished. */
  readonly statistics: Statistics | null
  /** Certificates of masks that were chosen here, where the Hessians of their inputs were available. */
  readonly certificates: ReadonlyMap<string, MatrixCertificate>
  /** Parameters whose channels were reordered. */
  readonly reordered: ReadonlySet<string>
  /** Results of the recoveries in their order. */
  readonly recovered: readonly (BlockReconstruction | null)[]
}

/** What is pruned and recovered, and how. */
export interface BlocksOptions {
  /** The device of forward passes and of the blocks of `stream`. */
  readonly backend: Backend
  /** The backend that prunes: `backend` itself where it can, else a CPU. */
  readonly host: PruneHost
  /** The dense model. */
  readonly stream: ModelStream
  /** The same model pruned by `entries` already, and perhaps trained: its blocks are recovered, and nothing is pruned. */
  readonly pruned?: ModelStream
  readonly entries: readonly PruneEntry[]
  /** Masks of linears that are pruned already, each read when its block comes. */
  readonly given?: ReadonlyMap<string, { read(): Promise<Mask> }>
  /** May be null where no method needs data and nothing recovers. */
  readonly calibration: CalibrationSet | null
  /** Applied to each block in this order. */
  readonly recover: readonly BlockRecovery[]
  readonly seed: number
  /** Whether masks that are chosen here are certified, where the Hessians of their inputs are available. */
  readonly certifies?: boolean
  /** Budget of all activations together. */
  readonly activations: ActivationBudget
  /** Most bytes of Hessians and their factors (default: as many as they need). With less, a block is run several times. */
  readonly statisticBytes?: number
  /** The first `blocks` were finished and saved by an earlier run; `load` gives them as they were saved. */
  readonly finished?: { readonly blocks: number; load(index: number): Promise<Block> }
  readonly signal?: AbortSignal
  /** Awaited in every block: a paused run waits here. */
  readonly pausePoint?: () => Promise<void>
  /** Counts the windows of all passes through all blocks, and one for each block. */
  readonly onProgress?: (done: number, total: number) => void
  readonly onWarning?: (message: string) => void
}

/** Yields each block when it is finished: rounded as it will be stored. Later blocks see what was yielded, so save it. */
export async function* processBlocks(options: BlocksOptions): AsyncGenerator<BlockWork, void, undefined> {
  const { stream, finished, signal } = options
  const context = await prepare(options)
  try {
    for (let index = 0; index < stream.blockCount; index++) {
      await breathe(signal)
      if (finished && index < finished.blocks) {
        await passFinished(context, await finished.load(index))
        continue
      }
      using dense = hold(stream, await stream.load(index))
      const groups = groupsOf(context, dense.block)
      using statistics = statisticsOf(context, dense.block, groups)
      await observe(context, dense.block, statistics)
      using current = options.pruned ? await replace(dense, options.pruned) : dense
      const { block } = current
      await options.pausePoint?.()
      context.certificates.clear()
      context.reordered.clear()
      const masks = await prune(context, block, statistics, groups)
      const recovered = await recover(context, block, masks, statistics)
      stream.round(block)
      const { states, certificates, reordered } = context
      yield { block, masks, certificates, reordered, recovered, states, fitted: null, statistics: null }
      await passOn(context, block)
    }
  } finally {
    await context.states?.close()
  }
}

/** State that all blocks share. */
interface BlocksContext {
  readonly options: BlocksOptions
  readonly pruning: PruneContext
  /** `flow` and `states` are null when no block needs data. */
  readonly flow: Flow | null
  readonly states: BlockStates | null
  /** Certificates of the block that is being pruned. */
  readonly certificates: Map<string, MatrixCertificate>
  readonly reordered: Set<string>
  readonly advance: (count: number) => void
}

/** Checks the options, and does what must see the whole model before its first block is changed. */
async function prepare(options: BlocksOptions): Promise<BlocksContext> {
  const { stream, entries, calibration, recover, activations } = options
  const index = entryIndex(entries)
  const chosen = options.pruned ? [] : entries
  const looks = chosen.some(looksInBlocks) || recover.length > 0
  if (!calibration && (looks || lookAtData(chosen)))
    throw new EngineError('bad-data', 'these pruning methods, and reconstruction, need data: set `calibration`')

  const surveys = chosen.some((entry) => isGlobal(entry) && needsData(entry.method)) ? 1 : 0
  const passes = surveys + (looks ? 2 : 0) + (recover.some(({ dense }) => dense === 'model') ? 1 : 0)
  const total = stream.blockCount * ((calibration?.windows ?? 0) * passes + 1)
  let done = 0
  const advance = (count: number) => options.onProgress?.((done += count), total)
  const flow = calibration && {
    ...options,
    stream: options.pruned ?? stream,
    set: calibration,
    budget: activations,
    onWindows: advance,
  }
  const globals = await findGlobalLimits({ ...options, flow }, chosen)
  const warn = (message: string) => options.onWarning?.(message)
  const certificates = new Map<string, MatrixCertificate>()
  const onCertificate: PruneContext['onCertificate'] = options.certifies
    ? ({ name }, { shares: _, ...matrix }) => certificates.set(name, matrix)
    : undefined
  const pruning = { ...options, entryOf: (name: string) => index.get(name), globals, onCertificate, warn }
  const own = { options, pruning, certificates, reordered: new Set<string>(), advance }
  if (!looks || !flow) return { ...own, flow: null, states: null }
  return { ...own, flow, states: await createStates(flow, stream, recover) }
}

/** A block that is released at the end of its scope, or before. */
interface HeldBlock extends Disposable {
  readonly block: Block
  release(): void
}

function hold(stream: ModelStream, block: Block): HeldBlock {
  let held = true
  const release = () => {
    if (held) stream.release(block)
    held = false
  }
  return { block, release, [Symbol.dispose]: release }
}

/** The pruned block in the place of the dense one, which is released first. */
async function replace(dense: HeldBlock, pruned: ModelStream): Promise<HeldBlock> {
  dense.release()
  return hold(pruned, await pruned.load(dense.block.index))
}

/** Groups of inputs whose Hessians are gathered together; null when one run of the block is enough for all. */
function groupsOf({ options, pruning }: BlocksContext, { linears }: Block): ReadonlySet<string>[] | null {
  // A recovery that uses Hessians needs all of them at the end.
  if (options.pruned || options.recover.some(({ hessians }) => hessians)) return null
  const solved = (name: string) => solves(pruning.entryOf(name))
  const groups = hessianGroups(linears, solved, options.statisticBytes ?? Infinity)
  return groups.length > 1 ? groups : null
}

/** The statistics that pruning and recovery need, with the Hessians of the first group only. Null where nothing is observed. */
function statisticsOf(
  { options, pruning, flow }: BlocksContext,
  block: Block,
  groups: readonly ReadonlySet<string>[] | null,
): Statistics | null {
  const { entryOf } = pruning
  const hessians = options.recover.some((recovery) => recovery.hessians)
  const observed = block.linears.some(({ name }) => {
    const entry = entryOf(name)
    return entry !== undefined && (hessians || (!options.pruned && looksInBlocks(entry)))
  })
  const also = hessians ? (['hessian'] as const) : []
  return observed && flow ? new Statistics(options.backend, flow.set.windows, entryOf, also, groups?.[0] ?? null) : null
}

/** Runs the dense block on the streams. Statistics come from the finished stream; outputs are kept where a recovery fits to them. */
async function observe(
  { flow, states, advance }: BlocksContext,
  block: Block,
  statistics: Statistics | null,
): Promise<void> {
  if (!flow || !states) return
  const { inputs, dense } = states
  const middles = dense.block?.middles
  if (statistics || dense.block)
    await runBlock(flow, block, inputs, dense.block?.outputs ?? null, { observe: statistics?.observe, middles })
  else advance(flow.set.windows)
  if (dense.model) await runDenseStream(flow, block, dense.model)
}

function runDenseStream(flow: Flow, block: Block, { inputs, outputs, middles }: DenseStream): Promise<void> {
  return runBlock(flow, block, inputs, outputs, { middles })
}

/** Prunes the block in place and returns its masks. Pruned weights become exactly 0. */
async function prune(
  { options, pruning, flow, states, reordered }: BlocksContext,
  block: Block,
  statistics: Statistics | null,
  groups: readonly ReadonlySet<string>[] | null,
): Promise<Map<string, Mask>> {
  const masks = new Map<string, Mask>()
  for (const { name } of block.linears) {
    const mask = await options.given?.get(name)?.read()
    if (mask) masks.set(name, mask)
  }
  if (groups && statistics && flow && states) {
    const run: Look = (observe) =>
      runBlock({ ...flow, onWindows: () => undefined }, block, states.inputs, null, { observe })
    await pruneInGroups({ pruning, block, first: statistics, groups, run, reordered }, masks)
  } else if (!options.pruned) {
    if (statistics) await reorderBlock(pruning, block, { statistics, masks, reordered })
    await pruneBlock(pruning, block.linears, statistics, masks)
  }
  return masks
}

async function recover(
  { options, states, certificates, reordered }: BlocksContext,
  block: Block,
  masks: ReadonlyMap<string, Mask>,
  statistics: Statistics | null,
) {
  const recovered: (BlockReconstruction | null)[] = []
  for (const [i, recovery] of options.recover.entries()) {
    // Hessians may be larger than the block, so they are released before training needs the room.
    if (!options.recover.slice(i).some(({ hessians }) => hessians)) statistics?.close()
    const seen = recovery.hessians ? statistics : null
    const fitted = states?.fittedTo(i) ?? null
    const work = { block, masks, certificates, reordered, states, fitted, recovered, statistics: seen }
    recovered.push(await recovery.recover(work))
  }
  return recovered
}

/** The finished block's outputs become the inputs of the next one. */
async function passOn({ flow, states, options, advance }: BlocksContext, block: Block): Promise<void> {
  if (flow && states) {
    if (block.index + 1 < options.stream.blockCount) await runBlock(flow, block, states.inputs, states.inputs)
    else advance(flow.set.windows)
    states.next()
  }
  advance(1)
}

/** Runs the streams through a block that an earlier run has finished. */
async function passFinished(context: BlocksContext, finished: Block): Promise<void> {
  const { options, pruning, flow, states, advance } = context
  const { stream } = options
  using held = hold(stream, finished)
  if (flow) advance(flow.set.windows)
  const ownStream = states?.dense.model
  if (pruning.globals.size || ownStream) {
    using dense = hold(stream, await stream.load(finished.index))
    if (flow && ownStream) await runDenseStream(flow, dense.block, ownStream)
    // Selecting again uses up this block's share of the ties of global groups.
    const entryOf = (name: string) => {
      const entry = pruning.entryOf(name)
      return entry && pruning.globals.has(entry) ? entry : undefined
    }
    await pruneBlock({ ...pruning, entryOf }, dense.block.linears, null, new Map())
  }
  await passOn(context, held.block)
}
