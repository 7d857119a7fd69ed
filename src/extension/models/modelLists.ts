// Checkpoints in lists: the tree of all, the question for one, a line and a tooltip for each.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { type ModelEntry, type ModelGroup, type Models, placeOf } from './models.ts'
import { formatBytes, formatCompact, formatShare } from '../../formatting/numbers.ts'
import type { ModelFacts } from '../support/factsThread.ts'
import { ggufRemedy } from '../../catalog/formats/checkpointFormats.ts'
import { treeIds } from '../contributions.ts'

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
function factsLine({ hint, facts }: Pick<ModelEntry, 'hint' | 'facts'>): string {
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
function factsTooltip({ uri, revision, facts }: ModelEntry): string {
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

// The tree of checkpoints: one entry a model, however many shards it has, in two groups.
type Node = ModelGroup | ModelEntry | vscode.Uri

export class ModelTree implements vscode.TreeDataProvider<Node> {
  readonly onDidChangeTreeData: vscode.Event<void>

  constructor(private readonly models: Models) {
    this.onDidChangeTreeData = models.onForget
  }

  register(): vscode.Disposable {
    const view = vscode.window.createTreeView(treeIds.models, { treeDataProvider: this })
    // Watchers miss files that existed before, and all files if the system's limit on watches is reached.
    const shown = view.onDidChangeVisibility(({ visible }) => {
      if (visible) this.models.forget()
    })
    return vscode.Disposable.from(view, shown)
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const { workspace, hub, gguf } = await this.models.find()
    const groups: Record<ModelGroup, Node[]> = { workspace: [...workspace, ...gguf], hub }
    if (node === undefined) return (['workspace', 'hub'] as const).filter((group) => groups[group].length > 0)
    return typeof node === 'string' ? groups[node] : []
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (typeof node === 'string') return groupItem(node)
    return node instanceof vscode.Uri ? ggufItem(node) : modelItem(node)
  }
}

function groupItem(group: ModelGroup): vscode.TreeItem {
  const label = group === 'workspace' ? vscode.l10n.t('Workspace') : vscode.l10n.t('Hub cache')
  const item = new vscode.TreeItem(label, vscode.TreeItemCollapsibleState.Expanded)
  item.id = group
  item.contextValue = 'group'
  return item
}

function modelItem(entry: ModelEntry): vscode.TreeItem {
  const { group, uri, label, facts } = entry
  const item = new vscode.TreeItem(label)
  item.id = `${group} ${uri.fsPath}`
  const isWhole = facts === null || (typeof facts !== 'string' && facts.problem === null)
  item.iconPath = new vscode.ThemeIcon(isWhole ? 'layers' : 'warning')
  item.description = factsLine(entry)
  item.tooltip = factsTooltip(entry)
  item.contextValue = 'model'
  const where = group === 'hub' ? vscode.l10n.t('Hub cache') : placeOf(uri)
  item.accessibilityInformation = { label: `${label}, ${factsLine(entry)}, ${where}` }
  item.command = { command: 'sparsescope.openOverview', title: '', arguments: [uri] }
  return item
}

/** A GGUF file: it opens in the inspector, and its tooltip says why it cannot be pruned. */
function ggufItem(uri: vscode.Uri): vscode.TreeItem {
  const item = new vscode.TreeItem(basename(uri.fsPath))
  item.id = `gguf ${uri.fsPath}`
  item.iconPath = new vscode.ThemeIcon('file-binary')
  item.description = ['GGUF', placeOf(uri)].filter(Boolean).join(' · ')
  item.tooltip = `${uri.fsPath}\n${vscode.l10n.t('A GGUF file: {0}.', ggufRemedy)}`
  item.contextValue = 'gguf'
  item.command = { command: 'sparsescope.openOverview', title: '', arguments: [uri] }
  return item
}
