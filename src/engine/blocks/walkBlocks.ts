// The walk over the blocks of a model (docs/methods.md, "The walk over the blocks"): each is loaded, observed, pruned, recovered, rounded, saved by
// whoever walks, and passed on. Statistics and inputs always come from the already finished earlier blocks. A model that is
// pruned already is walked over again to recover more of it: the dense block is observed, the pruned one goes on.
import { breathe } from '../breathe.ts'
import type { Backend } from '../compute/backend.ts'
import { EngineError } from '../errors.ts'
import type { Block } from '../model/block.ts'
import type { PruneHost } from '../prune/host.ts'
import type { Mask } from '../prune/mask.ts'
import { pruneBlock, type PruneContext } from '../prune/pruneBlock.ts'
import { Statistics } from '../prune/statistics.ts'
import type { BlockReconstruction } from '../recover/reconstructBlock.ts'
import { entryIndex, isGlobal, lookAtData, type PruneEntry } from '../../plan/pruneEntries.ts'
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
  /** Set where it needs the Hessians of the inputs of all linears that this walk prunes. */
  readonly hessians?: true
  /** Changes weights of the block in place; pruned ones stay 0. Returns null when it has nothing to change in this block. */
  recover(work: BlockWork): Promise<BlockReconstruction | null>
}

/** A block on its way. Tensors and activations belong to the walk: use them, do not release them. */
export interface BlockWork {
  readonly block: Block
  /** Masks of every linear that is pruned, by this run or before. */
  readonly masks: ReadonlyMap<string, Mask>
  /** null when the walk looks at no data. */
  readonly states: BlockStates | null
  /** The dense states that the recovery fits to; null once the block is finished. */
  readonly fitted: DenseStates | null
  /** Statistics of the dense block's inputs; null for a recovery that did not ask for them, and once the block is finished. */
  readonly statistics: Statistics | null
  /** Results of the recoveries in their order. */
  readonly recovered: readonly (BlockReconstruction | null)[]
}

export interface BlockWalk {
  /** The device on which forward passes run and the blocks of `stream` lie. */
  readonly backend: Backend
  /** The backend that prunes: `backend` itself where it can, else a CPU. */
  readonly host: PruneHost
  /** The dense model. */
  readonly stream: ModelStream
  /** The same model pruned by `entries` already, and perhaps trained: its blocks go on, and nothing is pruned. */
  readonly pruned?: ModelStream
  readonly entries: readonly PruneEntry[]
  /** Masks of linears that are pruned already, each read when its block comes. */
  readonly given?: ReadonlyMap<string, { read(): Promise<Mask> }>
  /** null is enough where no method needs data and nothing recovers. */
  readonly calibration: CalibrationSet | null
  /** Applied to each block in this order. */
  readonly recover: readonly BlockRecovery[]
  readonly seed: number
  /** Budget of all activations together. */
  readonly activations: ActivationBudget
  /** Most bytes of Hessians and their factors (default: as many as they need). With less, a block is run several times. */
  readonly statisticBytes?: number
  /** The first `blocks` were finished and saved by an earlier walk; `load` gives them as they were saved. */
  readonly finished?: { readonly blocks: number; load(index: number): Promise<Block> }
  readonly signal?: AbortSignal
  /** Awaited in every block: a paused run waits in it. */
  readonly pausePoint?: () => Promise<void>
  /** Counts the windows of all passes through all blocks, and one for each block. */
  readonly onProgress?: (done: number, total: number) => void
  readonly onWarning?: (message: string) => void
}

/** Yields each block when it is finished: rounded as it will be stored. Later blocks see what was yielded, so save it. */
export async function* walkBlocks(walk: BlockWalk): AsyncGenerator<BlockWork, void, undefined> {
  const { stream, finished, signal } = walk
  const walking = await begin(walk)
  try {
    for (let index = 0; index < stream.blockCount; index++) {
      await breathe(signal)
      if (finished && index < finished.blocks) {
        await passFinished(walking, await finished.load(index))
      } else {
        const { block, statistics } = await loadObserved(walking, index)
        try {
          await walk.pausePoint?.()
          const masks = await prune(walking, block, statistics)
          const recovered = await recover(walking, block, masks, statistics)
          stream.round(block)
          yield { block, masks, recovered, states: walking.states, fitted: null, statistics: null }
          await passOn(walking, block)
        } finally {
          statistics?.close()
          stream.release(block)
        }
      }
      walking.advance(1)
    }
  } finally {
    await walking.states?.close()
  }
}

/** State that the blocks of a walk share. */
interface Walking {
  readonly walk: BlockWalk
  readonly pruning: PruneContext
  /** `flow` and `states` are null when no block needs data. */
  readonly flow: Flow | null
  readonly states: BlockStates | null
  readonly advance: (count: number) => void
}

/** Checks the walk, and does what must see the whole model before its first block is changed. */
async function begin(walk: BlockWalk): Promise<Walking> {
  const { stream, entries, calibration, recover, activations } = walk
  const index = entryIndex(entries)
  const chosen = walk.pruned ? [] : entries
  const looks = lookAtData(chosen.filter((entry) => !isGlobal(entry))) || recover.length > 0
  if (!calibration && (looks || lookAtData(chosen)))
    throw new EngineError('bad-data', 'these pruning methods, and reconstruction, need data: set `calibration`')

  const surveys = lookAtData(chosen.filter(isGlobal)) ? 1 : 0
  const passes = surveys + (looks ? 2 : 0) + (recover.some(({ dense }) => dense === 'model') ? 1 : 0)
  const total = stream.blockCount * ((calibration?.windows ?? 0) * passes + 1)
  let done = 0
  const advance = (count: number) => walk.onProgress?.((done += count), total)
  const flow = calibration && {
    ...walk,
    stream: walk.pruned ?? stream,
    set: calibration,
    budget: activations,
    onWindows: advance,
  }
  const globals = await findGlobalLimits({ ...walk, flow }, chosen)
  const warn = (message: string) => walk.onWarning?.(message)
  const pruning = { ...walk, entryOf: (name: string) => index.get(name), globals, warn }
  if (!looks || !flow) return { walk, pruning, flow: null, states: null, advance }
  return { walk, pruning, flow, states: await createStates(flow, stream, recover), advance }
}

/** Loads the block to work on, after the dense one has been observed. */
async function loadObserved(walking: Walking, index: number): Promise<{ block: Block; statistics: Statistics | null }> {
  const { stream, pruned } = walking.walk
  const dense = await stream.load(index)
  const statistics = statisticsOf(walking, dense, groupsOf(walking, dense)?.[0] ?? null)
  try {
    await observe(walking, dense, statistics)
  } catch (error) {
    statistics?.close()
    stream.release(dense)
    throw error
  }
  if (!pruned) return { block: dense, statistics }
  stream.release(dense)
  try {
    return { block: await pruned.load(index), statistics }
  } catch (error) {
    statistics?.close()
    throw error
  }
}

/** Groups of inputs whose Hessians are gathered together; null when one run of the block is enough for all. */
function groupsOf({ walk, pruning }: Walking, { linears }: Block): ReadonlySet<string>[] | null {
  // A recovery that uses Hessians needs all of them at the end.
  if (walk.pruned || walk.recover.some(({ hessians }) => hessians)) return null
  const solved = (name: string) => solves(pruning.entryOf(name))
  const groups = hessianGroups(linears, solved, walk.statisticBytes ?? Infinity)
  return groups.length > 1 ? groups : null
}

function statisticsOf(
  { walk, pruning, flow }: Walking,
  block: Block,
  only: ReadonlySet<string> | null,
): Statistics | null {
  const { entryOf } = pruning
  const hessians = walk.recover.some((recovery) => recovery.hessians)
  const observed = block.linears.some(({ name }) => {
    const entry = entryOf(name)
    return entry !== undefined && (hessians || (!walk.pruned && lookAtData([entry]) && !isGlobal(entry)))
  })
  const also = hessians ? (['hessian'] as const) : []
  return observed && flow ? new Statistics(walk.backend, flow.set.windows, entryOf, also, only) : null
}

/** Runs the dense block on the streams: statistics come from the finished one, outputs are kept where a recovery fits to them. */
async function observe({ flow, states, advance }: Walking, block: Block, statistics: Statistics | null): Promise<void> {
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

/** Pruned weights become exactly 0. */
async function prune(walking: Walking, block: Block, statistics: Statistics | null) {
  const { walk, pruning, flow, states } = walking
  const masks = new Map<string, Mask>()
  for (const { name } of block.linears) {
    const mask = await walk.given?.get(name)?.read()
    if (mask) masks.set(name, mask)
  }
  const groups = groupsOf(walking, block)
  if (groups && statistics && flow && states) {
    const run: Look = (observe) =>
      runBlock({ ...flow, onWindows: () => undefined }, block, states.inputs, null, { observe })
    await pruneInGroups({ pruning, linears: block.linears, first: statistics, groups, run }, masks)
  } else if (!walk.pruned) await pruneBlock(pruning, block.linears, statistics, masks)
  return masks
}

async function recover(
  { walk, states }: Walking,
  block: Block,
  masks: ReadonlyMap<string, Mask>,
  statistics: Statistics | null,
) {
  const recovered: (BlockReconstruction | null)[] = []
  for (const [i, recovery] of walk.recover.entries()) {
    // Hessians may be larger than the block, so they are released before training needs the room.
    if (!walk.recover.slice(i).some(({ hessians }) => hessians)) statistics?.close()
    const seen = recovery.hessians ? statistics : null
    const fitted = states?.fittedTo(i) ?? null
    recovered.push(await recovery.recover({ block, masks, states, fitted, recovered, statistics: seen }))
  }
  return recovered
}

/** The finished block's outputs become the inputs of the next one. */
async function passOn({ flow, states, walk, advance }: Walking, block: Block): Promise<void> {
  if (!flow || !states) return
  if (block.index + 1 < walk.stream.blockCount) await runBlock(flow, block, states.inputs, states.inputs)
  else advance(flow.set.windows)
  states.next()
}

/** Brings the streams past a block that an earlier walk has finished. */
async function passFinished(walking: Walking, finished: Block): Promise<void> {
  const { walk, pruning, flow, states, advance } = walking
  const { stream } = walk
  const ownStream = states?.dense.model
  try {
    if (flow) advance(flow.set.windows)
    if (pruning.globals.size || ownStream) {
      const dense = await stream.load(finished.index)
      try {
        if (flow && ownStream) await runDenseStream(flow, dense, ownStream)
        // Selecting again uses up this block's share of the ties of global groups.
        const entryOf = (name: string) => {
          const entry = pruning.entryOf(name)
          return entry && pruning.globals.has(entry) ? entry : undefined
        }
        await pruneBlock({ ...pruning, entryOf }, dense.linears, null, new Map())
      } finally {
        stream.release(dense)
      }
    }
    await passOn(walking, finished)
  } finally {
    stream.release(finished)
  }
}
