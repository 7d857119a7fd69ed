// Services of the host that every view needs: settings, questions to the backend, files to save, texts to copy.
import * as vscode from 'vscode'
import type { ExportFile, FromAnyView, ViewName } from '../../shared/protocol/view.ts'
import type { Caller } from '../backend/calls.ts'
import { plainText } from '../support/plainText.ts'
import { onSettingChange, viewSettings } from '../support/settings.ts'
import { createAnswers, type ModelPaths } from './answers.ts'
import { viewPage, webviewOptions } from './page.ts'

export interface ViewOptions<From> {
  view: ViewName
  extension: vscode.Uri
  call: Caller
  /** The checkpoints that the view may ask about; none for views that only show. */
  models?: ModelPaths
  /** Folder that exports are suggested in. */
  exportFolder: () => vscode.Uri | undefined
  onReady: () => void
  onMessage: (message: Exclude<From, FromAnyView>) => void
  onRetry: () => void
  onFailure: (error: unknown) => void
}

export interface BoundView<To> extends vscode.Disposable {
  /** Messages sent before the view is ready are dropped: `onReady` replays what counts. */
  post(message: To): void
}

export function bindView<To, From extends { type: string }>(
  webview: vscode.Webview,
  options: ViewOptions<From>,
): BoundView<To> {
  let ready = false
  const post = (message: unknown) => {
    if (ready) void webview.postMessage(message)
  }
  const sendSettings = () => post({ type: 'settings', settings: viewSettings() })
  const answers = createAnswers({ call: options.call, models: options.models ?? {}, reply: post })
  const handle = (message: FromAnyView | From) => {
    const known = message as FromAnyView
    switch (known.type) {
      case 'ready':
        ready = true
        sendSettings()
        return options.onReady()
      case 'retry':
        return options.onRetry()
      case 'ask':
        return answers.ask(known)
      case 'cancelAsk':
        return answers.cancel(known.id)
      case 'copy':
        return void vscode.env.clipboard.writeText(known.text)
      case 'export':
        return void saveExport(known, options.exportFolder()).catch(options.onFailure)
      default:
        return options.onMessage(message as Exclude<From, FromAnyView>)
    }
  }
  webview.options = webviewOptions(options.extension)
  const subscriptions = [
    webview.onDidReceiveMessage(handle),
    onSettingChange(['view.palette', 'chart.smoothing', 'chart.maxPoints'], sendSettings),
    vscode.workspace.onDidGrantWorkspaceTrust(sendSettings),
    answers,
  ]
  webview.html = viewPage(webview, options.extension, options.view)
  return { post, dispose: () => subscriptions.forEach((s) => s.dispose()) }
}

export async function saveExport(file: ExportFile, folder: vscode.Uri | undefined): Promise<void> {
  const defaultUri = folder && vscode.Uri.joinPath(folder, file.name)
  const target = await vscode.window.showSaveDialog({ defaultUri, title: vscode.l10n.t('Export') })
  if (!target) return
  await vscode.workspace.fs.writeFile(target, Buffer.from(file.content, file.encoding))
  const open = vscode.l10n.t('Open')
  const text = plainText(vscode.l10n.t('Exported {0}.', file.name))
  const chosen = await vscode.window.showInformationMessage(text, open)
  if (chosen === open) await vscode.commands.executeCommand('vscode.open', target)
}
