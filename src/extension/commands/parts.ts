// The parts of the extension that commands use.
import type { ComparePanels } from '../compare/comparePanels.ts'
import type { CommandId } from '../contributions.ts'
import type { InspectorEditors } from '../inspector/inspectorEditor.ts'
import type { Models } from '../models/models.ts'
import type { Runner } from '../runs/runner.ts'
import type { RunPanels } from '../runs/runPanels.ts'
import type { RunStore } from '../runs/runStore.ts'
import type { Services } from '../services.ts'
import type { SweepPanels } from '../sweeps/sweepPanels.ts'
import type { Sweeps } from '../sweeps/sweeps.ts'

export interface Parts {
  services: Services
  inspectors: InspectorEditors
  comparePanels: ComparePanels
  runPanels: RunPanels
  runStore: RunStore
  runner: Runner
  sweeps: Sweeps
  sweepPanels: SweepPanels
  models: Models
}

/** Arguments come from VS Code, lenses and other extensions: each command checks its own. */
export type Handler = (...args: unknown[]) => Promise<unknown> | unknown
export type Handlers<Id extends CommandId> = Record<Id, Handler>
