// Trying models out: from a checkpoint, several, a run, or a comparison.
import * as vscode from 'vscode'
import type { TriedModel } from '../../protocol/view.ts'
import { column, columnsOf, type RunColumns } from '../models/columns.ts'
import { columnsOfRunFolder } from '../runs/runPanels.ts'
import { TryPanels } from '../views/tryPanels.ts'
import { requireTrust } from '../support/settings.ts'
import { type Handlers, modelTarget, type Parts, runTarget, weightsOf } from './targets.ts'

const t = vscode.l10n.t

export function tryCommands(parts: Parts): Handlers<'sparsescope.tryOut'> {
  const panels = new TryPanels(parts.services, parts.models)
  return {
    // Explorer hands over the item under the pointer and all selected ones.
    'sparsescope.tryOut': async (argument, all) => {
      if (!(await requireTrust(t('Generating text')))) return
      const { columns, note } = await columnsFor(parts, argument, all)
      if (columns.length > 0) panels.show(columns, note)
    },
  }
}

async function columnsFor(parts: Parts, argument: unknown, all: unknown): Promise<RunColumns> {
  const only = (columns: TriedModel[]) => ({ columns, note: null })
  if (isPair(argument)) return only([argument.a, argument.b])
  const run = runTarget(argument)
  if (run !== undefined) return columnsOfRunFolder(parts.services, parts.runStore, run)
  const uris = Array.isArray(all) ? all.filter((uri) => uri instanceof vscode.Uri) : []
  if (uris.length > 1)
    return only(await Promise.all(uris.map(async ({ fsPath }) => column((await weightsOf(fsPath)).fsPath))))
  const path = await modelTarget(argument, parts.models, parts.inspectors)
  return only(path === undefined ? [] : await columnsOf((await weightsOf(path)).fsPath))
}

/** Both sides of a comparison, as its view names them. */
function isPair(argument: unknown): argument is { a: TriedModel; b: TriedModel } {
  return typeof argument === 'object' && argument !== null && 'a' in argument && 'b' in argument
}
