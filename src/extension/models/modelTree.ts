// The tree of checkpoints: one entry a model, however many shards it has, in two groups.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { ggufRemedy } from '../../catalog/formats/checkpointFormats.ts'
import { treeIds } from '../contributions.ts'
import { factsLine, factsTooltip } from './pickModel.ts'
import { placeOf, type ModelEntry, type ModelGroup, type Models } from './models.ts'

type Node = ModelGroup | ModelEntry | vscode.Uri

export class ModelTree implements vscode.TreeDataProvider<Node> {
  readonly onDidChangeTreeData: vscode.Event<void>

  constructor(private readonly models: Models) {
    this.onDidChangeTreeData = models.onForget
  }

  register(): vscode.Disposable {
    const view = vscode.window.createTreeView(treeIds.models, { treeDataProvider: this })
    // Watchers miss files from before their start, and all files when the system has no watch left.
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
