// The sparsities of blocks that only a run can decide: by a measure of the dense model, or by trying.
import { bestTrial, chosenAllocations, tryCount } from '../../../runs/series/recoveries.ts'
import { lookAtData, prunedNames, type PruneEntry, trialsOf } from '../../../plan/pruneEntry.ts'
import { triedWindows } from '../../../recipe/defaults.ts'
import { allocate, prunedLosses } from '../../blocks/allocate.ts'
import type { CalibrationSet } from '../../blocks/flow.ts'
import { createModelStream } from '../../blocks/modelStream.ts'
import { productForm } from '../../model/computeIn.ts'
import { createDecoder } from '../../model/decoder.ts'
import { withPruneHost } from '../../prune/host.ts'
import { masksBesides } from '../open/sourceMasks.ts'
import { type RunContext, statesIn } from './runContext.ts'

/** The plan's entries with their sparsities. A resumed run measures the dense model again, but keeps the losses of finished trials. */
export async function allocateInRun(context: RunContext): Promise<readonly PruneEntry[]> {
  const { plan } = context.session
  const { calibration } = context.data
  if (!calibration) return plan.entries
  const measured = plan.entries.some(({ measure }) => measure) ? await byMeasure(context, calibration) : plan.entries
  return trialsOf(measured).length > 0 ? byTrial(context, measured, calibration) : measured
}

async function byMeasure({ session, budgetOf }: RunContext, calibration: CalibrationSet) {
  const { backend, model, plan, signal, folder } = session
  const { entries, passes } = plan
  const stream = createModelStream(backend, model)
  const total = stream.blockCount * calibration.windows
  let done = 0
  const onWindows = (windows: number) => session.advance((done += windows), total, 'windows')
  const budget = statesIn(budgetOf(passes.whilePruning), folder.state)
  const flow = { backend, stream, set: calibration, budget, signal, onWindows }
  try {
    return await session.phase('calibrate', () => allocate(flow, entries))
  } finally {
    stream.close()
  }
}

/** Prunes the model once for each value that is tried, and keeps only the losses. */
async function byTrial(context: RunContext, entries: readonly PruneEntry[], calibration: CalibrationSet) {
  const { session } = context
  const { progress, log } = session
  const trials = trialsOf(entries)
  const count = tryCount(trials)
  const entriesWith = (choice: number) =>
    entries.map((entry) => (entry.trial ? { ...entry, sparsities: entry.trial.choices[choice].sparsities } : entry))
  const tryAll = async () => {
    while (progress.trialLosses.length < count) {
      const choice = progress.trialLosses.length
      progress.trialLosses.push(await lossWith(context, entriesWith(choice), calibration, { choice, count }))
      progress.chosen = chosenAllocations(trials, progress.trialLosses)
      for (const chosen of progress.chosen) log.emit({ type: 'allocation', ...chosen })
      await session.milestone()
    }
  }
  if (progress.trialLosses.length < count) await session.phase('calibrate', tryAll, { part: 'allocate' })
  return entriesWith(bestTrial(progress.trialLosses.slice(0, count)))
}

/** Mean loss on windows that the pruning did not see, where there are enough. */
async function lossWith(
  { session, budgetOf }: RunContext,
  entries: readonly PruneEntry[],
  calibration: CalibrationSet,
  { choice, count }: { choice: number; count: number },
): Promise<number> {
  const { backend, model, folder, recipe, signal, pausePoint } = session
  const budget = budgetOf([])
  const seen = windowsFrom(calibration, 0)
  const judged = calibration.windows >= 2 * triedWindows ? windowsFrom(calibration, triedWindows) : seen
  const stream = createModelStream(backend, model, productForm(backend))
  const activations = statesIn(budget, folder.state)
  const judging = stream.blockCount * judged.windows
  let [walked, walking, ran] = [0, 1, 0]
  const told = () =>
    session.advance(choice * (walking + judging) + walked + ran, count * (walking + judging), 'windows')
  const onWindows = (windows: number) => {
    ran += windows
    told()
  }
  const flow = { backend, stream, set: judged, budget: activations, signal, onWindows }
  const given = await masksBesides(model, prunedNames(entries), session.warn)
  const decoder = await createDecoder(backend, model, {
    memoryBytes: budget.decoderBytes,
    tokensPerPass: judged.seqLen,
  })
  try {
    const losses = await withPruneHost(backend, (host) => {
      const walk = {
        backend,
        host,
        stream,
        entries,
        given,
        recover: [],
        seed: recipe.seed,
        activations,
        signal,
        pausePoint,
      }
      const looked = lookAtData(entries) ? seen : null
      const onProgress = (done: number, total: number) => {
        ;[walked, walking] = [done, total]
        told()
      }
      const { statisticBytes } = budget
      return prunedLosses({ ...walk, calibration: looked, statisticBytes, onProgress }, flow, decoder)
    })
    return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
  } finally {
    await decoder.close()
    stream.close()
  }
}

/** At most eight windows. */
function windowsFrom({ ids, windows, seqLen }: CalibrationSet, start: number): CalibrationSet {
  const end = Math.min(windows, start + triedWindows)
  return { ids: ids.subarray(start * seqLen, end * seqLen), windows: end - start, seqLen }
}
