// What the view of which weights train is opened from.
import * as vscode from 'vscode'
import type { TrainablePanels } from '../trainable/trainablePanels.ts'
import { type Parts, recipeOrPick, checkpointTarget, recipeTarget, runTarget } from './targets.ts'

/** A run or a checkpoint that was clicked or is in front, else a recipe. */
export async function showTrainable(
  { runPanels, inspectors }: Parts,
  panels: TrainablePanels,
  argument: unknown,
): Promise<void> {
  // A command in the title of a view's tab gets an address of the tab.
  const clicked = argument instanceof vscode.Uri && argument.scheme === 'webview-panel' ? undefined : argument
  const isInFront = clicked === undefined && recipeTarget(undefined) === undefined
  const folder = runTarget(clicked) ?? (isInFront ? runPanels.active : undefined)
  if (folder !== undefined) return panels.show({ kind: 'run', uri: vscode.Uri.file(folder) })
  const checkpoint = checkpointTarget(clicked, isInFront ? inspectors : null)
  if (checkpoint) return panels.show({ kind: 'result', uri: checkpoint })
  const recipe = await recipeOrPick(clicked, vscode.l10n.t('Show Which Weights Train'))
  if (recipe) panels.show({ kind: 'recipe', uri: recipe })
}
