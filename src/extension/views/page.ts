// The HTML around a view: nothing remote, scripts only by nonce, styles and images only from the extension. It begins with the
// skeleton of webview-ui/shared/state.tsx, which is seen while the script loads.
import * as vscode from 'vscode'
import { randomBytes } from 'node:crypto'
import type { ViewName } from '../../protocol/view.ts'

export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(extension, 'dist', 'webview')] }
}

/** Tabs do not colour an icon as the activity bar does: one for each kind of theme. */
export function tabIcon(extension: vscode.Uri): { light: vscode.Uri; dark: vscode.Uri } {
  const uri = (name: string) => vscode.Uri.joinPath(extension, 'media', name)
  return { light: uri('icon-light.svg'), dark: uri('icon-dark.svg') }
}

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
