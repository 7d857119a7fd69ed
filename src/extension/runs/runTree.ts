// The tree of runs: state by icon and by word, newest first.
import * as vscode from 'vscode'
import { treeIds } from '../contributions.ts'
import type { RunStatus } from '../../shared/protocol/view.ts'
import { formatValue } from '../../shared/format/numbers.ts'
import type { Run, RunStore } from './runStore.ts'

const icons: Record<RunStatus, vscode.ThemeIcon> = {
  running: new vscode.ThemeIcon('sync~spin'),
  paused: new vscode.ThemeIcon('debug-pause'),
  done: new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed')),
  cancelled: new vscode.ThemeIcon('circle-slash'),
  interrupted: new vscode.ThemeIcon('debug-disconnect'),
}

export class RunTree implements vscode.TreeDataProvider<Run> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly store: RunStore

  constructor(store: RunStore) {
    this.store = store
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      this.changed,
      this.store.onChange(() => this.changed.fire()),
      vscode.window.registerTreeDataProvider(treeIds.runs, this),
    )
  }

  getChildren(run?: Run): Run[] {
    return run ? [] : this.store.list()
  }

  getTreeItem(run: Run): vscode.TreeItem {
    const item = new vscode.TreeItem(run.name)
    item.id = run.folder
    item.description = describe(run)
    item.iconPath = icons[run.status]
    item.tooltip = `${run.folder}\n${run.status}`
    const active = run.status === 'running' || run.status === 'paused'
    item.contextValue = active ? `run.${run.status}` : run.status === 'done' ? 'run.done' : 'run.stopped'
    item.accessibilityInformation = { label: `${run.name}, ${run.status}, ${item.description}` }
    item.command = { command: 'sparsescope.openRun', title: '', arguments: [run] }
    return item
  }
}

function describe({ status, picture }: Run): string {
  const last = picture.evaluations.filter((e) => e.entry === 0).at(-1)
  const phase = picture.phases.at(-1)?.phase
  if (status === 'running' && phase !== undefined)
    return picture.overall === null ? phase : `${Math.floor(100 * picture.overall)} % · ${phase}`
  return last ? `${status}, perplexity ${formatValue(last.perplexity)}` : status
}
