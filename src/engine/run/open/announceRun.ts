// The first lines of a run's events: what it does, on which device, and its warnings.
import { budgetWarnings } from '../../../plan/planRecipe.ts'
import { stages } from '../../../catalog/stages.ts'
import { machineFacts } from '../../facts/recipeFacts.ts'
import { modelFacts } from '../../facts/modelFacts.ts'
import type { RunDevice } from '../state/progress.ts'
import type { RunSession } from '../state/session.ts'

/** `askedBytes`: memory limit that the user set; undefined for the default. @throws EngineError 'disk'. */
export async function announceRun(session: RunSession, askedBytes?: number): Promise<void> {
  const { folder, recipe, plan, model, progress, resumed, version } = session
  const { info } = session.backend
  const overBudget = await warningsOfBudget(session, askedBytes)
  const modes = recipe.recover.map(({ mode }) => mode)
  const measures = stages.filter((stage) => recipe.evaluate.some(({ at }) => at.includes(stage)))
  session.log.emit({
    type: 'start',
    name: folder.name,
    model: session.showPath(recipe.model),
    device: info.device,
    description: info.description,
    version,
    blocks: model.config.numBlocks,
    ...(modes.length > 1 && { recoveries: modes }),
    plan: { prunes: plan.entries.length > 0, recoveries: modes, measures },
    ...(resumed && { resumed }),
  })
  // Also for a run that is resumed before any of its events were recorded.
  if (progress.eventsBytes === 0)
    for (const message of progress.warnings) session.log.emit({ type: 'warning', message })
  if (info.details.note) session.warn(String(info.details.note))
  if (resumed) warnOfOtherDevice(session)
  for (const message of overBudget) session.warn(message)
}

/** Warnings about a memory limit that exceeds what the device has, or is below what the run needs. */
async function warningsOfBudget({ recipe, folder, backend }: RunSession, memoryBytes?: number): Promise<string[]> {
  if (memoryBytes === undefined || !backend.traits.inHostMemory) return []
  const [model, machine] = await Promise.all([modelFacts(recipe.model), machineFacts(folder.path, { memoryBytes })])
  return budgetWarnings(recipe, { model, machine: { ...machine, memoryBytes: backend.memory().limitBytes } })
}

/** Other hardware, another BLAS or another number of threads rounds differently. */
function warnOfOtherDevice({ progress, backend, warn }: RunSession): void {
  const before = progress.device
  if (identity(before) === identity(backend.info)) return
  warn(
    `The run began on ${before.description} and continues on ${backend.info.description}: the result may differ in the last bits from an uninterrupted run's`,
  )
}

/** Everything about a device but why and how it was chosen. */
function identity({ device, description, details: { reason: _, note: __, ...details } }: RunDevice): string {
  return JSON.stringify([device, description, details])
}
