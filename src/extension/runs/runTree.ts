// The tree of runs: state by icon and by word, newest first; the runs of a sweep are under it.
import * as vscode from 'vscode'
import { treeIds } from '../contributions.ts'
import type { RunStatus } from '../../runs/series/foldRun.ts'
import { formatAccuracy, formatValue } from '../../formatting/numbers.ts'
import { accuraciesOf } from '../../runs/series/accuracies.ts'
import { countsText } from '../../runs/compared/comparisonTable.ts'
import { isPrunedYet } from '../../runs/compared/measures.ts'
import { lastStage, type SweepRunState } from '../../runs/compared/sweepTable.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import type { Sweep, Sweeps } from '../sweeps/sweeps.ts'
import { queuedText } from './runTexts.ts'
import { progressOf } from '../sweeps/comparedView.ts'
import { findRuns } from './findRuns.ts'
import type { QueuedRun, RunQueue } from './runQueue.ts'
import type { RunStore } from './runStore.ts'

const icons: Record<RunStatus | SweepRunState, vscode.ThemeIcon> = {
  waiting: new vscode.ThemeIcon('watch'),
  running: new vscode.ThemeIcon('sync~spin'),
  paused: new vscode.ThemeIcon('debug-pause'),
  done: new vscode.ThemeIcon('pass', new vscode.ThemeColor('testing.iconPassed')),
  failed: new vscode.ThemeIcon('error', new vscode.ThemeColor('testing.iconFailed')),
  cancelled: new vscode.ThemeIcon('circle-slash'),
  interrupted: new vscode.ThemeIcon('debug-disconnect'),
}

/** `folder` is set only if the run has one and can be opened. */
interface RunNode {
  readonly run: RunReader
  readonly folder?: string
  readonly id: string
}
type Node = RunNode | QueuedRun | SweepNode
/** `sweep`: its folder, as commands take it. */
interface SweepNode {
  readonly sweep: string
  readonly of: Sweep
}

interface RunTreeSources {
  readonly store: RunStore
  readonly queue: RunQueue
  readonly sweeps: Sweeps
}

const refreshEveryMs = 200

export class RunTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private pending: NodeJS.Timeout | null = null

  constructor(private readonly sources: RunTreeSources) {}

  register(): vscode.Disposable {
    const { store, queue, sweeps } = this.sources
    // Hundreds of changed runs redraw the tree once.
    const refresh = () => {
      this.pending ??= setTimeout(() => {
        this.pending = null
        this.changed.fire()
      }, refreshEveryMs)
    }
    const view = vscode.window.createTreeView(treeIds.runs, { treeDataProvider: this, canSelectMany: true })
    const shown = view.onDidChangeVisibility(({ visible }) => {
      if (visible) void Promise.all([findRuns(store), sweeps.find()])
    })
    return vscode.Disposable.from(
      this.changed,
      ...[store, queue, sweeps].map((source) => source.onChange(refresh)),
      ...[view, shown],
    )
  }

  getChildren(node?: Node): Node[] {
    if (node) return 'of' in node ? runsOf(node.of) : []
    const { store, queue, sweeps } = this.sources
    // Runs of a sweep are under it, also those that were opened.
    const own = store.list().filter(({ sweep }) => sweep === null)
    const nodes: (RunNode | SweepNode)[] = [
      ...own.map((run) => ({ run, folder: run.place.folder, id: run.place.folder })),
      ...sweeps.list().map((sweep): SweepNode => ({ sweep: sweep.folder, of: sweep })),
    ]
    const startOf = (one: RunNode | SweepNode) => ('of' in one ? one.of : one.run).started
    return [...queue.waiting().reverse(), ...nodes.sort((a, b) => startOf(b) - startOf(a))]
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if ('of' in node) return sweepItem(node)
    return 'run' in node ? runItem(node) : queuedItem(node)
  }
}

function runsOf({ folder, runs }: Sweep): RunNode[] {
  return runs.runs.map((run, i) => ({
    run,
    id: `${folder} ${i}`,
    ...(run.state.isBegun && { folder: run.folder.path }),
  }))
}

function sweepItem({ sweep, of: { name, time, runs } }: SweepNode): vscode.TreeItem {
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed)
  const states = runs.runs.map(({ state }) => state.standing.state)
  item.id = sweep
  item.description = [time, countsText(states)].filter(Boolean).join(' · ')
  item.iconPath = new vscode.ThemeIcon(states.includes('running') ? 'sync~spin' : 'layers')
  item.tooltip = sweep
  const isOver = states.every((state) => state === 'done')
  item.contextValue = states.includes('running') ? 'sweep.running' : isOver ? 'sweep.done' : 'sweep.stopped'
  item.accessibilityInformation = { label: `sweep ${name}, ${item.description}` }
  return item
}

/** A run of a sweep is named by its settings, without a time, which the sweep shows. */
function runItem({ run, folder, id }: RunNode): vscode.TreeItem {
  const { named, sweep, place } = run
  const { standing } = run.state
  const [name, state] = sweep === null ? [run.name, run.status] : [named.label, standing.state]
  const item = new vscode.TreeItem(name)
  item.id = id
  item.description = [sweep === null && run.time, describe(run, state)].filter(Boolean).join(' · ')
  item.iconPath = icons[state]
  item.tooltip = [...(sweep === null ? [] : [place.name]), place.folder, standing.message ?? state].join('\n')
  item.contextValue = contextOf(state, sweep !== null, folder !== undefined)
  item.accessibilityInformation = { label: `${name}, ${sweep === null ? `${state}, ` : ''}${item.description}` }
  if (folder !== undefined) item.command = { command: 'sparsescope.openRun', title: '', arguments: [{ folder }] }
  return item
}

/** The `viewItem` by which package.json selects menus. */
function contextOf(state: RunStatus | SweepRunState, isOfSweep: boolean, isBegun: boolean): string {
  if (isOfSweep) return isBegun ? (state === 'done' ? 'sweepRun.done' : 'sweepRun.begun') : 'sweepRun.waiting'
  return state === 'running' || state === 'paused' || state === 'done' ? `run.${state}` : 'run.stopped'
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

function describe(run: RunReader, state: RunStatus | SweepRunState): string {
  const progress = state === 'running' ? progressOf(run) : null
  if (progress) return `${progress.share === null ? '' : `${Math.floor(100 * progress.share)} % · `}${progress.text}`
  const { results, report, summary } = run.state
  const { perplexity } = results
  const value = lastStage(perplexity) ?? (run.sweep === null ? perplexity.dense : null)
  if (value !== null)
    return `${state}, perplexity ${formatValue(value)}${isPrunedYet({ facts: run.named.facts, results }, 'perplexity') ? ' (pruned)' : ''}`
  const { dense, pruned, recovered } = report?.accuracy ?? accuraciesOf(summary?.evaluations ?? []).stages
  const mean = recovered ?? pruned ?? dense
  return mean ? `${state}, accuracy ${formatAccuracy(mean.acc, mean.stderr)}` : state
}
