// Models side by side on one prompt; a reloaded window shows the same columns.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { mostColumns } from '../../protocol/tryOut.ts'
import { type FromAnyView, type FromTry, type ToTry, type TriedModel, views } from '../../protocol/view.ts'
import type { Models } from '../models/models.ts'
import { pickModel } from '../models/modelLists.ts'
import type { Services } from '../services.ts'
import { isCancellation } from '../support/log.ts'
import { memoryLimit, requireTrust } from '../support/settings.ts'
import { bindView } from './bindView.ts'
import { column, columnsFrom } from '../models/columns.ts'
import { createTrial, type Trial } from './trial.ts'

const t = vscode.l10n.t

export class TryPanels implements vscode.WebviewPanelSerializer<unknown> {
  constructor(
    private readonly services: Services,
    private readonly models: Models,
  ) {
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
      onReady: () => trial.replay(),
      onRetry: () => trial.replay(),
      onMessage: (message) => this.handle(trial, message),
      onClose: () => trial.stop(),
    })
    trial.setColumns(columns, note)
  }

  private async handle(trial: Trial, message: Exclude<FromTry, FromAnyView>): Promise<void> {
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
    }
  }
}
