// Asks for a checkpoint. Those that are known come first, any other one can be browsed for.
import * as vscode from 'vscode'
import { placeOf } from '../support/paths.ts'
import { factsLine } from './modelText.ts'
import type { ModelEntry, Models } from './models.ts'

const t = vscode.l10n.t

interface ModelItem extends vscode.QuickPickItem {
  path?: string
}

/** Path of an index or a weights file; undefined when the person leaves. */
export async function pickModel(models: Models): Promise<string | undefined> {
  const { workspace, hub } = await models.find()
  if (workspace.length + hub.length === 0) return browse()
  const items: ModelItem[] = [
    ...group(t('Workspace'), workspace),
    ...group(t('Hub cache'), hub),
    { label: '', kind: vscode.QuickPickItemKind.Separator },
    { label: t('$(folder-opened) Another checkpoint…') },
  ]
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: t('Which checkpoint?'), matchOnDetail: true })
  return chosen && (chosen.path ?? browse())
}

function group(title: string, entries: readonly ModelEntry[]): ModelItem[] {
  if (entries.length === 0) return []
  const items = entries.map((entry) => ({
    label: `$(layers) ${entry.label}`,
    description: factsLine(entry),
    detail: entry.revision ? t('Revision {0}', entry.revision.slice(0, 12)) : placeOf(entry.uri),
    path: entry.uri.fsPath,
  }))
  return [{ label: title, kind: vscode.QuickPickItemKind.Separator }, ...items]
}

async function browse(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: t('Choose a checkpoint'),
    canSelectFolders: false,
    filters: { [t('Checkpoints')]: ['safetensors', 'bin', 'pt', 'pth', 'json'] },
  })
  return chosen?.at(0)?.fsPath
}
