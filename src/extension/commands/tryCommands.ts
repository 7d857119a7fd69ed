// Trying models out: from a checkpoint, several, a run, or a comparison.
import * as vscode from 'vscode'
import { join } from 'node:path'
import type { TriedModel } from '../../shared/protocol/view.ts'
import { parseRecipe } from '../../shared/lint/parse.ts'
import { column, columnsOf, columnsOfRun, type RunColumns } from '../try/columns.ts'
import { TryPanels } from '../try/tryPanels.ts'
import { requireTrust } from '../support/trust.ts'
import { planOf } from '../trainable/trainablePanels.ts'
import type { Handlers, Parts } from './parts.ts'
import { modelTarget, runTarget, weightsOf } from './targets.ts'

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
  if (isPair(argument)) return only([column(argument.a, 'A'), column(argument.b, 'B')])
  const run = runTarget(argument)
  if (run !== undefined) return ofRun(parts, run)
  const uris = Array.isArray(all) ? all.filter((uri) => uri instanceof vscode.Uri) : []
  if (uris.length > 1)
    return only(await Promise.all(uris.map(async ({ fsPath }) => column((await weightsOf(fsPath)).fsPath))))
  const path = await modelTarget(argument, parts.models, parts.inspectors)
  return only(path === undefined ? [] : await columnsOf((await weightsOf(path)).fsPath))
}

async function ofRun({ services, runStore }: Parts, folder: string): Promise<RunColumns> {
  await runStore.refresh(folder)
  const saved = runStore.get(folder)?.saved
  if (!saved) throw new Error(t('This run saved no model. Add save.to to its recipe and run it again.'))
  const uri = vscode.Uri.file(join(folder, 'recipe.prune.yaml'))
  const { model } = await planOf(services, uri)
  const { recipe } = parseRecipe((await vscode.workspace.openTextDocument(uri)).getText())
  return columnsOfRun(model, saved, recipe ?? {})
}

function isPair(argument: unknown): argument is { a: string; b: string } {
  if (typeof argument !== 'object' || argument === null || !('a' in argument) || !('b' in argument)) return false
  return typeof argument.a === 'string' && typeof argument.b === 'string'
}
