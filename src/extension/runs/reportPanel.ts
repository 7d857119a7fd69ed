// report.html in a tab. A run folder may come from anybody: its page runs nothing and loads nothing.
import * as vscode from 'vscode'
import { lstat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { runName } from '../../formatting/paths.ts'
import { tabIcon } from '../views/page.ts'
import { readOwn } from '../../system/ownFile.ts'

const viewType = 'sparsescope.report'
const largest = 64 * 2 ** 20
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"

export async function showReport(folder: string, extension: vscode.Uri): Promise<void> {
  const file = join(folder, 'report.html')
  const found = await lstat(file).catch(() => null)
  if (!found?.isFile()) throw new Error(vscode.l10n.t('This run has no report yet: it is written when a run ends.'))
  if (found.size > largest) throw new Error(vscode.l10n.t('{0} is too large for a tab. Open it in a browser.', file))
  const title = vscode.l10n.t('Report of {0}', runName(basename(folder)).name)
  const options = { enableScripts: false, localResourceRoots: [], enableFindWidget: true }
  const panel = vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active, options)
  panel.iconPath = tabIcon(extension)
  // The policy stands before everything of the file, so that it holds for all of it.
  const guard = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">`
  panel.webview.html = guard + (await readOwn(file, largest))
}
