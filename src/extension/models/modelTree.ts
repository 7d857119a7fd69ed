// The tree of checkpoints: one entry a model, however many shards it has, in two groups.
import * as vscode from 'vscode'
import { treeIds } from '../contributions.ts'
import { placeOf } from '../support/paths.ts'
import { factsLine, factsTooltip } from './modelText.ts'
import type { ModelEntry, ModelGroup, Models } from './models.ts'

type Node = ModelGroup | ModelEntry

export class ModelTree implements vscode.TreeDataProvider<Node> {
  private readonly models: Models
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event

  constructor(models: Models) {
    this.models = models
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(this.changed, vscode.window.registerTreeDataProvider(treeIds.models, this))
  }

  refresh(): void {
    this.changed.fire()
  }

  async getChildren(node?: Node): Promise<Node[]> {
    const known = await this.models.find()
    if (node === undefined) return (['workspace', 'hub'] as const).filter((group) => known[group].length > 0)
    return typeof node === 'string' ? known[node] : []
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return typeof node === 'string' ? groupItem(node) : modelItem(node)
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
  item.iconPath = new vscode.ThemeIcon(typeof facts === 'string' ? 'warning' : 'layers')
  item.description = factsLine(entry)
  item.tooltip = factsTooltip(entry)
  item.contextValue = 'model'
  const where = group === 'hub' ? vscode.l10n.t('Hub cache') : placeOf(uri)
  item.accessibilityInformation = { label: `${label}, ${factsLine(entry)}, ${where}` }
  item.command = { command: 'sparsescope.openOverview', title: '', arguments: [uri] }
  return item
}
