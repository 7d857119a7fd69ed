// The trainable map of a recipe: computed again whenever the recipe is saved.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import type { PlanSummary } from '../../plan/planSummary.ts'
import { type FromTrainable, type ToTrainable, views } from '../../protocol/view.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../../errors.ts'
import { reached } from '../support/settings.ts'
import { bindView } from './bindView.ts'

interface Open {
  readonly panel: vscode.WebviewPanel
  readonly refresh: () => Promise<void>
}

export class TrainablePanels {
  private readonly services: Services
  /** By the recipe's URI: one that was never saved has the path of a file that it is not. */
  private readonly open = new Map<string, Open>()

  constructor(services: Services) {
    this.services = services
  }

  show(recipe: vscode.Uri): void {
    const known = this.open.get(recipe.toString())
    if (known) {
      known.panel.reveal()
      return void known.refresh()
    }
    const title = vscode.l10n.t('Trainable: {0}', basename(recipe.fsPath))
    this.bind(vscode.window.createWebviewPanel(views.trainable.type, title, vscode.ViewColumn.Beside), recipe)
  }

  private bind(panel: vscode.WebviewPanel, first: vscode.Uri): void {
    let recipe = first
    let last: PlanSummary | null = null
    const refresh = async () => {
      if (!last) view.post({ type: 'loading', what: vscode.l10n.t('Reading the recipe and the header of its model') })
      try {
        last = await planOf(this.services, recipe)
        if (last.errors.length === 0) reached('dryRun')
        view.post({ type: 'plan', plan: { ...last, recipe: basename(recipe.fsPath), model: basename(last.model) } })
      } catch (error) {
        view.post({ type: 'failed', message: messageOf(error) })
      }
    }
    const view = bindView<ToTrainable, FromTrainable>(this.services, panel, {
      view: 'trainable',
      exportFolder: () => vscode.Uri.file(dirname(recipe.fsPath)),
      onReady: refresh,
      onMessage: ({ type }) =>
        vscode.commands.executeCommand(type === 'run' ? 'sparsescope.runRecipe' : 'vscode.open', recipe),
      onClose: () => {
        leave()
        saved.dispose()
      },
    })
    const open: Open = { panel, refresh }
    this.open.set(recipe.toString(), open)
    const leave = () => {
      if (this.open.get(recipe.toString()) === open) this.open.delete(recipe.toString())
    }
    const saved = vscode.workspace.onDidSaveTextDocument(({ uri }) => {
      // With its first save a recipe becomes the file of its path.
      if (recipe.scheme === 'untitled' && uri.fsPath === recipe.fsPath) {
        leave()
        recipe = uri
        this.open.set(recipe.toString(), open)
      }
      if (uri.toString() === recipe.toString()) void refresh()
    })
  }
}

/** The plan of a recipe as it is in the editor, saved or not. */
export async function planOf({ call }: Services, recipe: vscode.Uri): Promise<PlanSummary> {
  const document = await vscode.workspace.openTextDocument(recipe)
  return call('plan', { recipe: recipe.fsPath, text: document.getText() })
}
