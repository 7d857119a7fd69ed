// A checkpoint in a list: asking for one, its line in trees and lists, its tooltip.
import * as vscode from 'vscode'
import { placeOf, type ModelEntry, type Models } from './models.ts'
import { formatBytes, formatCompact, formatShare } from '../../formatting/numbers.ts'
import type { ModelFacts } from '../support/factsThread.ts'

const t = vscode.l10n.t

interface ModelItem extends vscode.QuickPickItem {
  path?: string
}

/**
 * Asks for a checkpoint among the known ones, or for any other by browsing. Path of an index or a weights file; undefined: cancelled.
 */
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

/** `3.8 MB · BF16 · 70.0 % exact zeros`; an unknown sparsity is omitted. */
export function factsLine({ hint, facts }: Pick<ModelEntry, 'hint' | 'facts'>): string {
  const parts =
    facts === null ? [t('open to read')] : typeof facts === 'string' ? [t('cannot be read')] : partsOf(facts)
  return [hint, ...parts].filter(Boolean).join(' · ')
}

function partsOf({ bytes, dtypes, sparsity, problem }: ModelFacts): string[] {
  const zeros = sparsity === null ? [] : [t('{0} exact zeros', formatShare(sparsity))]
  const part = problem === null ? [] : [t('opens in part')]
  return [...part, formatBytes(bytes), ...dtypes.slice(0, 1), ...zeros]
}

/** Plain text: names of files and folders are untrusted. */
export function factsTooltip({ uri, revision, facts }: ModelEntry): string {
  const lines = [uri.fsPath]
  if (revision) lines.push(t('Revision {0}', revision))
  if (facts === null) return [...lines, t('Its header is large: it is read when you open the model.')].join('\n')
  if (typeof facts === 'string') return [...lines, facts].join('\n')
  if (facts.problem !== null) lines.push(facts.problem)
  lines.push(
    t('{0} parameters, {1}, {2}', formatCompact(facts.parameters), formatBytes(facts.bytes), facts.dtypes.join(', ')),
  )
  lines.push(
    facts.sparsity === null
      ? t('Sparsity: not counted yet. Open the model to count it.')
      : t('{0} of the weights in the blocks are exactly zero', formatShare(facts.sparsity)),
  )
  return lines.join('\n')
}
