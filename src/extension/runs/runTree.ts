// The tree of runs: state by icon and by word, newest first.
import * as vscode from 'vscode'
import { treeIds } from '../contributions.ts'
import type { RunStatus } from '../../shared/protocol/view.ts'
import { formatAccuracy, formatValue } from '../../shared/format/numbers.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'
import { accuraciesOf } from '../../shared/series/accuracies.ts'
import { mainPerplexities } from '../../shared/series/foldRun.ts'
import { queuedText } from '../support/statusText.ts'
import type { QueuedRun, RunQueue } from './runQueue.ts'
import type { Run, RunStore } from './runStore.ts'

const icons: Record<RunStatus, vscode.ThemeIcon> = {
  running: new vscode.ThemeIcon('sync~spin'),
  paused: new vscode.ThemeIcon('debug-pause'),
  done: new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed')),
  cancelled: new vscode.ThemeIcon('circle-slash'),
  interrupted: new vscode.ThemeIcon('debug-disconnect'),
}

export class RunTree implements vscode.TreeDataProvider<Run | QueuedRun> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly store: RunStore
  private readonly queue: RunQueue

  constructor(store: RunStore, queue: RunQueue) {
    this.store = store
    this.queue = queue
  }

  register(): vscode.Disposable {
    return vscode.Disposable.from(
      this.changed,
      this.store.onChange(() => this.changed.fire()),
      this.queue.onChange(() => this.changed.fire()),
      vscode.window.registerTreeDataProvider(treeIds.runs, this),
    )
  }

  getChildren(run?: Run | QueuedRun): (Run | QueuedRun)[] {
    return run ? [] : [...this.queue.waiting().reverse(), ...this.store.list()]
  }

  getTreeItem(run: Run | QueuedRun): vscode.TreeItem {
    return 'folder' in run ? runItem(run) : queuedItem(run)
  }
}

function runItem(run: Run): vscode.TreeItem {
  const item = new vscode.TreeItem(run.name)
  item.id = run.folder
  item.description = [run.time, describe(run)].filter(Boolean).join(' · ')
  item.iconPath = icons[run.status]
  item.tooltip = `${run.folder}\n${run.status}`
  const active = run.status === 'running' || run.status === 'paused'
  item.contextValue = active ? `run.${run.status}` : run.status === 'done' ? 'run.done' : 'run.stopped'
  item.accessibilityInformation = { label: `${run.name}, ${run.status}, ${item.description}` }
  item.command = { command: 'sparsescope.openRun', title: '', arguments: [run] }
  return item
}

function queuedItem(run: QueuedRun): vscode.TreeItem {
  const item = new vscode.TreeItem(run.name)
  item.id = `queued ${run.id}`
  item.description = run.behind === null ? 'starting' : `queued behind ${run.behind}`
  item.iconPath = new vscode.ThemeIcon(run.behind === null ? 'loading~spin' : 'watch')
  item.tooltip = queuedText(run)
  item.contextValue = 'run.queued'
  return item
}

function describe({ status, picture }: Run): string {
  const last = mainPerplexities(picture).at(-1)
  const latest = picture.phases.at(-1)
  const phase = latest && phaseName(latest)
  if (status === 'running' && phase !== undefined)
    return picture.overall === null ? phase : `${Math.floor(100 * picture.overall)} % · ${phase}`
  if (last) return `${status}, perplexity ${formatValue(last.perplexity)}`
  const { dense, pruned, recovered } = accuraciesOf(picture.evaluations).stages
  const mean = recovered ?? pruned ?? dense
  return mean ? `${status}, accuracy ${formatAccuracy(mean.acc, mean.stderr)}` : status
}
