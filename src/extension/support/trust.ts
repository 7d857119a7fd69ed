// Looking is allowed in an untrusted workspace, running is not: recipes there name files that nobody vouched for.
import * as vscode from 'vscode'

/** Offers to manage trust when there is none; true when running is allowed. */
export async function requireTrust(what: string): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true
  const manage = vscode.l10n.t('Manage Workspace Trust')
  const message = vscode.l10n.t('{0} needs a trusted workspace.', what)
  const chosen = await vscode.window.showWarningMessage(message, manage)
  if (chosen === manage) await vscode.commands.executeCommand('workbench.trust.manage')
  return vscode.workspace.isTrusted
}
