// The tree of runs: state by icon and by word, newest first; the runs of a sweep stand under it.
import * as vscode from 'vscode'
import { treeIds } from '../contributions.ts'
import type { RunStatus } from '../../shared/protocol/view.ts'
import { formatAccuracy, formatValue } from '../../shared/format/numbers.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'
import { accuraciesOf } from '../../shared/series/accuracies.ts'
import { mainPerplexities } from '../../shared/series/foldRun.ts'
import { countsText } from '../../shared/sweep/countsText.ts'
import { isPrunedYet } from '../../shared/sweep/measures.ts'
import { lastStage, type SweepRunState } from '../../shared/sweep/sweepTable.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import { sweepOfRun } from '../../runs/folder/sweepFolder.ts'
import type { Sweep, Sweeps } from '../sweeps/sweeps.ts'
import { queuedText } from './runStatusText.ts'
import { progressOf } from '../sweeps/comparedRow.ts'
import { findRuns } from './findRuns.ts'
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

/** A run of a sweep. `folder` only where there is one: then it can be opened as any other. */
interface SweepRun {
  readonly run: RunReader
  readonly folder?: string
  readonly id: string
}
type Node = Run | QueuedRun | SweepNode | SweepRun
/** `sweep`: its folder, as commands take it. */
interface SweepNode {
  readonly sweep: string
  readonly of: Sweep
}

export interface RunTreeSources {
  readonly store: RunStore
  readonly queue: RunQueue
  readonly sweeps: Sweeps
}

const tellEveryMs = 200

export class RunTree implements vscode.TreeDataProvider<Node> {
  private readonly changed = new vscode.EventEmitter<void>()
  readonly onDidChangeTreeData = this.changed.event
  private readonly sources: RunTreeSources
  private telling: NodeJS.Timeout | null = null

  constructor(sources: RunTreeSources) {
    this.sources = sources
  }

  register(): vscode.Disposable {
    const { store, queue, sweeps } = this.sources
    // Hundreds of runs that change are drawn anew once.
    const tell = () => {
      this.telling ??= setTimeout(() => {
        this.telling = null
        this.changed.fire()
      }, tellEveryMs)
    }
    const view = vscode.window.createTreeView(treeIds.runs, { treeDataProvider: this, canSelectMany: true })
    const shown = view.onDidChangeVisibility(({ visible }) => {
      if (visible) void Promise.all([findRuns(store), sweeps.find()])
    })
    return vscode.Disposable.from(
      this.changed,
      ...[store, queue, sweeps].map((source) => source.onChange(tell)),
      ...[view, shown],
    )
  }

  getChildren(node?: Node): Node[] {
    if (node) return 'of' in node ? runsOf(node.of) : []
    const { store, queue, sweeps } = this.sources
    const nodes: (Run | SweepNode)[] = [
      // Runs of a sweep stand under it, once somebody has opened them.
      ...store.list().filter(({ folder }) => sweepOfRun(folder) === null),
      ...sweeps.list().map((sweep): SweepNode => ({ sweep: sweep.folder, of: sweep })),
    ]
    const startOf = (one: Run | SweepNode) => ('of' in one ? one.of.started : one.started)
    return [...queue.waiting().reverse(), ...nodes.sort((a, b) => startOf(b) - startOf(a))]
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if ('of' in node) return sweepItem(node)
    if ('run' in node) return sweepRunItem(node)
    return 'folder' in node ? runItem(node) : queuedItem(node)
  }
}

function runsOf({ folder, runs }: Sweep): SweepRun[] {
  return runs.runs.map((run, i) => ({
    run,
    id: `${folder} ${i}`,
    ...(run.isBegun && { folder: run.place.folder }),
  }))
}

function sweepItem({ sweep, of: { name, time, runs } }: SweepNode): vscode.TreeItem {
  const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Collapsed)
  const states = runs.runs.map(({ standing }) => standing.state)
  item.id = sweep
  item.description = [time, countsText(states)].filter(Boolean).join(' · ')
  item.iconPath = new vscode.ThemeIcon(states.includes('running') ? 'sync~spin' : 'layers')
  item.tooltip = sweep
  const isOver = states.every((state) => state === 'done')
  item.contextValue = states.includes('running') ? 'sweep.running' : isOver ? 'sweep.done' : 'sweep.stopped'
  item.accessibilityInformation = { label: `sweep ${name}, ${item.description}` }
  return item
}

const stateIcons: Record<SweepRunState, vscode.ThemeIcon> = { ...icons, waiting: new vscode.ThemeIcon('watch') }

function sweepRunItem({ run, folder, id }: SweepRun): vscode.TreeItem {
  const { label, standing, place } = run
  const { state, message } = standing
  const item = new vscode.TreeItem(label)
  const value = lastStage(run.results.perplexity)
  const progress = progressOf(run)
  const share = progress?.share === null || !progress ? '' : `${Math.floor(100 * progress.share)} % · `
  item.id = id
  item.description = progress
    ? `${share}${progress.text}`
    : value === null
      ? state
      : `${state}, perplexity ${formatValue(value)}${isPrunedYet(run, 'perplexity') ? ' (pruned)' : ''}`
  item.iconPath = stateIcons[state]
  item.tooltip = [place.name, place.folder, message ?? state].join('\n')
  item.contextValue = folder === undefined ? 'sweepRun.waiting' : state === 'done' ? 'sweepRun.done' : 'sweepRun.begun'
  item.accessibilityInformation = { label: `${label}, ${item.description}` }
  if (folder !== undefined) item.command = { command: 'sparsescope.openRun', title: '', arguments: [{ folder }] }
  return item
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

function describe({ status, picture, result }: Run): string {
  const { perplexity } = result ?? {}
  const last =
    perplexity?.recovered ??
    perplexity?.pruned ??
    perplexity?.dense ??
    mainPerplexities(picture).at(-1)?.perplexity ??
    null
  const latest = picture.phases.at(-1)
  const phase = latest && phaseName(latest)
  if (status === 'running' && phase !== undefined)
    return picture.overall === null ? phase : `${Math.floor(100 * picture.overall)} % · ${phase}`
  if (last !== null) return `${status}, perplexity ${formatValue(last)}`
  const { dense, pruned, recovered } = result?.accuracy ?? accuraciesOf(picture.evaluations).stages
  const mean = recovered ?? pruned ?? dense
  return mean ? `${status}, accuracy ${formatAccuracy(mean.acc, mean.stderr)}` : status
}
