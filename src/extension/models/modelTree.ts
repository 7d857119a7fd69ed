// The tree of checkpoints in the workspace: one entry a model, however many shards it has.
import * as vscode from 'vscode'
import { basename, dirname } from 'node:path'
import { treeIds } from '../contributions.ts'

export interface ModelEntry {
  /** What is opened: the index of a sharded model, else the file. */
  uri: vscode.Uri
  label: string
}

const mostModels = 200
const excluded = '**/{node_modules,.git,.sparsescope}/**'

export class ModelTree implements vscode.TreeDataProvider<ModelEntry> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event

  register(): vscode.Disposable {
    const watcher = vscode.workspace.createFileSystemWatcher('**/*.{safetensors,safetensors.index.json}', false, true)
    const refresh = () => this.refresh()
    return vscode.Disposable.from(
      this.changed,
      watcher,
      watcher.onDidCreate(refresh),
      watcher.onDidDelete(refresh),
      vscode.workspace.onDidChangeWorkspaceFolders(refresh),
      vscode.window.registerTreeDataProvider(treeIds.models, this),
    )
  }

  refresh(): void {
    this.changed.fire()
  }

  async getChildren(entry?: ModelEntry): Promise<ModelEntry[]> {
    if (entry) return []
    const [files, indexes] = await Promise.all([
      vscode.workspace.findFiles('**/*.safetensors', excluded, 10 * mostModels),
      vscode.workspace.findFiles('**/*.safetensors.index.json', excluded, mostModels),
    ])
    return modelsOf(files, indexes).slice(0, mostModels)
  }

  getTreeItem({ uri, label }: ModelEntry): vscode.TreeItem {
    const item = new vscode.TreeItem(label)
    item.resourceUri = uri
    item.iconPath = new vscode.ThemeIcon('layers')
    item.description = vscode.workspace.asRelativePath(dirname(uri.fsPath))
    item.tooltip = uri.fsPath
    item.contextValue = 'model'
    item.command = { command: 'sparsescope.openOverview', title: '', arguments: [uri] }
    return item
  }
}

/** An index stands for the shards beside it; other files stand for themselves, a lone `model.safetensors` for its folder. */
export function modelsOf(files: readonly vscode.Uri[], indexes: readonly vscode.Uri[]): ModelEntry[] {
  const sharded = new Set(indexes.map((uri) => dirname(uri.fsPath)))
  const shard = /-\d{5}-of-\d{5}\.safetensors$/
  const single = files.filter((uri) => !(sharded.has(dirname(uri.fsPath)) && shard.test(uri.path)))
  const entries = [...indexes, ...single].map((uri) => {
    const name = basename(uri.fsPath)
    const whole = name === 'model.safetensors' || name === 'model.safetensors.index.json'
    return { uri, label: whole ? basename(dirname(uri.fsPath)) : name }
  })
  return entries.sort((a, b) => a.label.localeCompare(b.label, 'en', { numeric: true }))
}
