// The models that a run has left: dense, pruned where it can be had, and recovered.
import * as vscode from 'vscode'
import { join } from 'node:path'
import { parseRecipe } from '../../lint/parse.ts'
import { columnsOfRun, type RunColumns } from '../models/columns.ts'
import type { Services } from '../services.ts'
import { planOf } from '../recipe/planOf.ts'
import type { RunStore } from './runStore.ts'

/** @throws Error with a sentence for people where the run has saved nothing. */
export async function columnsLeftBy(services: Services, store: RunStore, folder: string): Promise<RunColumns> {
  const run = await store.refresh(folder)
  if (!run?.saved)
    throw new Error(vscode.l10n.t('This run saved no model. Add save.to to its recipe and run it again.'))
  const uri = vscode.Uri.file(join(folder, 'recipe.prune.yaml'))
  const { model } = await planOf(services, uri)
  const { recipe } = parseRecipe((await vscode.workspace.openTextDocument(uri)).getText())
  return columnsOfRun(model, { result: run.saved, pruned: run.report?.prunedOutput ?? null }, recipe ?? {})
}
