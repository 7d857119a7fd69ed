// Finds the engine of a sweep, and makes the sweep's table with what that engine knows.
import { type Sweep, sweepTable } from '../../engine/sweep/openSweep.ts'
import { aliveTasks, isSubmitted } from '../../engine/sweep/slurm.ts'
import type { SweepTable } from '../../runs/compared/sweepTable.ts'

export const engines = ['local', 'slurm'] as const
export type EngineName = (typeof engines)[number]

/** The one that has begun it, where nobody asks for another. */
export function engineOf(sweep: Sweep, asked?: EngineName): EngineName {
  return asked ?? (isSubmitted(sweep) ? 'slurm' : 'local')
}

/** Where Slurm cannot be asked, as on another machine, the folder alone is the source. */
export async function currentTable(sweep: Sweep): Promise<SweepTable> {
  const engine = engineOf(sweep)
  const alive = engine === 'slurm' ? await aliveTasks(sweep).catch(() => null) : null
  return sweepTable(sweep, engine, new Set(alive?.keys()))
}
