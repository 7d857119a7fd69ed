// Models side by side on one prompt; a reloaded window shows the same columns.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { mostColumns } from '../../protocol/tryOut.ts'
import { type FromAnyView, type FromTry, type ToTry, type TriedModel, views } from '../../protocol/view.ts'
import type { Models } from '../models/models.ts'
import { pickModel } from '../models/pickModel.ts'
import type { Services } from '../services.ts'
import { isCancellation } from '../support/log.ts'
import { memoryLimit, requireTrust } from '../support/settings.ts'
import { bindView, type BoundView } from './bindView.ts'
import { column, columnsFrom } from '../models/columns.ts'
import { createTrial, keepSet, readSets, removeSet, type Trial } from './trial.ts'

const t = vscode.l10n.t

export class TryPanels implements vscode.WebviewPanelSerializer<unknown> {
  private readonly services: Services
  private readonly models: Models
  /** All open views: they share the saved prompts. */
  private readonly views = new Set<BoundView<ToTry>>()

  constructor(services: Services, models: Models) {
    this.services = services
    this.models = models
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(views.try.type, this))
  }

  /** `note`: why an expected column is missing. */
  show(columns: readonly TriedModel[], note: string | null = null): void {
    this.adopt(vscode.window.createWebviewPanel(views.try.type, t('Try It'), vscode.ViewColumn.Active), columns, note)
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.adopt(panel, columnsFrom(state))
  }

  private adopt(panel: vscode.WebviewPanel, columns: readonly TriedModel[], note: string | null = null): void {
    const { services } = this
    const trial = createTrial({
      call: services.call,
      post: (message) => view.post(message),
      memoryBytes: memoryLimit,
      isCancellation,
    })
    const view = bindView<ToTry, FromTry>(services, panel, {
      view: 'try',
      exportFolder: () => (trial.columns.length > 0 ? vscode.Uri.file(dirname(trial.columns[0].path)) : undefined),
      onReady: () => {
        view.post(this.sets())
        trial.replay()
      },
      onRetry: () => trial.replay(),
      onMessage: (message) => this.handle(trial, message),
      onClose: () => {
        trial.stop()
        this.views.delete(view)
      },
    })
    trial.setColumns(columns, note)
    this.views.add(view)
  }

  private async handle(trial: Trial, message: Exclude<FromTry, FromAnyView>): Promise<void> {
    const store = this.services.context.workspaceState
    switch (message.type) {
      case 'generate':
        if (await requireTrust(t('Generating text')))
          await trial.generate(message.prompts, message.maxTokens, message.turns)
        return
      case 'stop':
        return trial.stop()
      case 'clear':
        return trial.clear()
      case 'addColumn': {
        if (trial.columns.length >= mostColumns) return
        const path = await pickModel(this.models)
        if (path !== undefined) trial.setColumns([...trial.columns, column(path)])
        return
      }
      case 'removeColumn':
        return trial.setColumns(trial.columns.filter((_, i) => i !== message.column))
      case 'saveSet': {
        const { text, lines } = message
        const name = await vscode.window.showInputBox({ prompt: t('Name for these prompts, saved with the workspace') })
        if (!name?.trim()) return
        await keepSet(store, { name: name.trim(), text, lines })
        return this.postSets()
      }
      case 'deleteSet':
        await removeSet(store, message.name)
        return this.postSets()
    }
  }

  private sets(): ToTry {
    return { type: 'sets', sets: readSets(this.services.context.workspaceState) }
  }

  private postSets(): void {
    for (const view of this.views) view.post(this.sets())
  }
}
