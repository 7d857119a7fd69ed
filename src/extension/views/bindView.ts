// Services of the host that every view needs: settings, questions to the backend, files to save, texts to copy.
import * as vscode from 'vscode'
import { randomBytes } from 'node:crypto'
import type { ExportFile, FromAnyView, ViewName } from '../../protocol/view.ts'
import type { Caller } from '../backend/calls.ts'
import { plainText } from '../support/log.ts'
import { onSettingChange, viewSettings } from '../support/settings.ts'
import { createAnswers, type ModelPaths } from './answers.ts'

interface ViewServices {
  readonly extensionUri: vscode.Uri
  readonly call: Caller
  readonly log: { readonly failed: (error: unknown) => void }
}

export interface ViewOptions<From> {
  view: ViewName
  /** The view is the editor of a file, and its tab shows the file's icon. */
  ofFile?: boolean
  /** The checkpoints that the view may ask about; empty for views that ask nothing. */
  models?: ModelPaths
  /** Folder that exports are suggested in. */
  exportFolder: () => vscode.Uri | undefined
  onReady: () => void | Promise<void>
  /** Default: `onReady`. */
  onRetry?: () => void | Promise<void>
  onMessage: (message: Exclude<From, FromAnyView>) => unknown
  /** The panel is closed. */
  onClose?: () => void
}

export interface BoundView<To> {
  /** Messages sent before the view is ready are dropped: `onReady` has to replay the state. */
  post(message: To): void
}

/** Errors from `onReady`, `onRetry` and `onMessage` are logged and shown. */
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
        // A page that was hidden has been loaded again, and its questions are gone.
        answers.dispose()
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
  const root = vscode.Uri.joinPath(extensionUri, 'dist', 'webview')
  webview.options = { enableScripts: true, localResourceRoots: [root] }
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

/** Asks where to save an exported file, and writes it. */
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

/** VS Code adapts icons to the theme in the activity bar, but not in tabs, so there is one for light and one for dark themes. */
export function tabIcon(extension: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const uri = (name: string) => vscode.Uri.joinPath(extension, 'media', name)
  return { light: uri('icon-light.svg'), dark: uri('icon-dark.svg') }
}

/** The HTML around a view: nothing remote, scripts only by nonce, styles and images only from the extension. */
export function viewPage(webview: vscode.Webview, extension: vscode.Uri, view: ViewName): string {
  const nonce = randomBytes(16).toString('base64url')
  const uri = (name: string) => webview.asWebviewUri(vscode.Uri.joinPath(extension, 'dist', 'webview', name))
  const policy = [
    "default-src 'none'",
    // Elements carry positions and colours as style attributes.
    `style-src ${webview.cspSource} 'unsafe-inline'`,
    `script-src 'nonce-${nonce}'`,
    `font-src ${webview.cspSource}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<link rel="stylesheet" href="${uri(`${view}.css`).toString()}">
<title>SparseScope</title>
</head>
<body><main><div class="skeleton" aria-hidden="true"><i></i><i></i><i></i></div></main><script nonce="${nonce}" src="${uri(`${view}.js`).toString()}"></script></body>
</html>`
}
