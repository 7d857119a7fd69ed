// Services of the host that every view needs: settings, questions to the backend, files to save, texts to copy.
import * as vscode from 'vscode'
import type { ExportFile, FromAnyView, ViewName } from '../../protocol/view.ts'
import type { Caller } from '../backend/calls.ts'
import { plainText } from '../support/plainText.ts'
import { onSettingChange, viewSettings } from '../support/settings.ts'
import { createAnswers, type ModelPaths } from './answers.ts'
import { tabIcon, viewPage, webviewOptions } from './page.ts'

export interface ViewServices {
  readonly extensionUri: vscode.Uri
  readonly call: Caller
  readonly log: { readonly failed: (error: unknown) => void }
}

export interface ViewOptions<From> {
  view: ViewName
  /** It is the editor of a file, whose icon its tab has. */
  ofFile?: boolean
  /** The checkpoints that the view may ask about; none for views that only show. */
  models?: ModelPaths
  /** Folder that exports are suggested in. */
  exportFolder: () => vscode.Uri | undefined
  onReady: () => void | Promise<void>
  /** As `onReady` unless given. */
  onRetry?: () => void | Promise<void>
  onMessage: (message: Exclude<From, FromAnyView>) => unknown
  /** The panel is gone. */
  onClose?: () => void
}

export interface BoundView<To> {
  /** Messages sent before the view is ready are dropped: `onReady` replays what counts. */
  post(message: To): void
}

/** What `onReady`, `onRetry` and `onMessage` throw goes to the log. */
export function bindView<To, From extends { type: string }>(
  { extensionUri, call, log }: ViewServices,
  panel: vscode.WebviewPanel,
  options: ViewOptions<From>,
): BoundView<To> {
  const { webview } = panel
  const { onReady, onRetry = onReady } = options
  let ready = false
  const post = (message: unknown) => {
    if (ready) void webview.postMessage(message)
  }
  const sendSettings = () => post({ type: 'settings', settings: viewSettings() })
  const answers = createAnswers({ call, models: options.models ?? {}, reply: post })
  const handle = (message: FromAnyView | From): unknown => {
    const known = message as FromAnyView
    switch (known.type) {
      case 'ready':
        ready = true
        sendSettings()
        return onReady()
      case 'retry':
        return onRetry()
      case 'ask':
        return answers.ask(known)
      case 'cancelAsk':
        return answers.cancel(known.id)
      case 'copy':
        return vscode.env.clipboard.writeText(known.text)
      case 'export':
        return saveExport(known, options.exportFolder())
      default:
        return options.onMessage(message as Exclude<From, FromAnyView>)
    }
  }
  if (!options.ofFile) panel.iconPath = tabIcon(extensionUri)
  webview.options = webviewOptions(extensionUri)
  const subscriptions = [
    webview.onDidReceiveMessage(
      (message: FromAnyView | From) => void (async () => handle(message))().catch(log.failed),
    ),
    onSettingChange(['view.palette', 'chart.smoothing', 'chart.maxPoints'], sendSettings),
    vscode.workspace.onDidGrantWorkspaceTrust(sendSettings),
    answers,
  ]
  webview.html = viewPage(webview, extensionUri, options.view)
  panel.onDidDispose(() => {
    options.onClose?.()
    for (const one of subscriptions) one.dispose()
  })
  return { post }
}

/** Asks for the place. */
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
