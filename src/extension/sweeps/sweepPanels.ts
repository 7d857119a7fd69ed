// Several runs side by side in a tab: those of a sweep, live while it runs, or a chosen set. A reloaded window restores the tab.
import { sweepTitle } from '../../formatting/paths.ts'
import { join } from 'node:path'
import type { ComparedWhat, FromSweep, ToSweep } from '../../protocol/sweepView.ts'
import { type FromAnyView, views } from '../../protocol/view.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../../errors.ts'
import { setting } from '../support/settings.ts'
import { bindView, type BoundView, saveExport } from '../views/bindView.ts'
import { plural } from '../../formatting/numbers.ts'
import { isSubmitted } from './commandLine.ts'
import { comparedRuns, type Experiments, type KnownRuns, openExperiments } from './experiments.ts'
import {
  type ComparedSource,
  type ComparedView,
  createComparedView,
  type TableFormat,
  tableText,
} from './comparedView.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'
import type { Sweeps } from './sweeps.ts'
import * as vscode from 'vscode'

const t = vscode.l10n.t

/** The subject of a tab, kept over a reload. */
export type Subject = { readonly sweep: string } | { readonly runs: readonly string[] } | { readonly experiments: true }

interface Opened extends ComparedSource {
  /** Closes everything that ends with the tab. */
  readonly close: () => void
  readonly experiments?: Experiments
}

export class SweepPanels implements vscode.WebviewPanelSerializer<unknown> {
  private readonly open = new Map<string, BoundView<ToSweep> & { readonly panel: vscode.WebviewPanel }>()

  constructor(
    private readonly services: Services,
    private readonly sweeps: Sweeps,
    private readonly store: KnownRuns,
    /** Searches the workspace for runs. */
    private readonly findRuns: () => Promise<void>,
  ) {
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(views.sweep.type, this))
  }

  show(subject: Subject): void {
    const known = this.open.get(JSON.stringify(subject))
    if (known) return known.panel.reveal()
    const title = 'sweep' in subject ? t('Sweep') : 'runs' in subject ? t('Compare Runs') : t('Experiments')
    this.adopt(vscode.window.createWebviewPanel(views.sweep.type, title, vscode.ViewColumn.Active), subject)
  }

  /** Exports the table of the tab in front, if it is one of these; the page knows which rows are meant. */
  exportTable(): void {
    const front = [...this.open.values()].find(({ panel }) => panel.active)
    front?.post({ type: 'exportNow' })
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const subject = subjectFrom((state as { subject?: unknown } | undefined)?.subject)
    if (subject) this.adopt(panel, subject)
    else panel.dispose()
  }

  private adopt(panel: vscode.WebviewPanel, subject: Subject): void {
    const { services } = this
    const key = JSON.stringify(subject)
    // After a reload, VS Code restores a hidden tab only when it is shown; its subject may have been opened again by then.
    this.open.get(key)?.panel.dispose()
    let opened: Opened | null = null
    /** The first reading: a page that is hidden and shown meanwhile waits for the same. */
    let reading: Promise<Opened> | null = null
    let compared: ComparedView | null = null
    let isGone = false
    let isOpening = false
    /** Shows other runs; the page keeps the old ones until the new ones are read. */
    const reopen = async () => {
      if (isOpening || isGone || !opened) return
      isOpening = true
      const before = opened
      try {
        opened = await this.read(subject, outdated, before.experiments)
      } finally {
        isOpening = false
      }
      before.close()
      compared?.dispose()
      compared = null
      await start()
    }
    const outdated = () => void reopen().catch(services.log.failed)
    const start = async (): Promise<void> => {
      if (!opened) view.post({ type: 'loading', what: t('Reading the runs…') })
      try {
        opened ??= await (reading ??= this.read(subject, outdated).finally(() => (reading = null)))
      } catch (error) {
        return view.post({ type: 'failed', message: messageOf(error) })
      }
      if (isGone) return opened.close()
      panel.title = opened.what.title
      compared ??= createComparedView(opened, view.post)
      view.post({ type: 'subject', subject: JSON.stringify(subject) })
      compared.replay()
      // Runs that came while the others were read.
      if (opened.experiments?.isOutdated()) outdated()
    }
    const view = bindView<ToSweep, FromSweep>(services, panel, {
      view: 'sweep',
      exportFolder: () => exportFolder(subject),
      onReady: start,
      onMessage: (message) => this.handle(subject, opened, compared, message),
      onClose: () => {
        isGone = true
        if (this.open.get(key)?.panel === panel) this.open.delete(key)
        compared?.dispose()
        opened?.close()
      },
    })
    this.open.set(key, { ...view, panel })
  }

  private async handle(
    subject: Subject,
    opened: Opened | null,
    compared: ComparedView | null,
    message: Exclude<FromSweep, FromAnyView>,
  ): Promise<void> {
    switch (message.type) {
      case 'watch':
        return compared?.watch(message)
      case 'exportTable':
        return opened ? exportTable(opened.followed, message.runs, exportFolder(subject)) : undefined
      case 'openRun': {
        const run = opened?.followed.runs.find(({ place }) => place.folder === message.run)
        if (run) await vscode.commands.executeCommand('sparsescope.openRun', { folder: run.folder.path })
        return
      }
      case 'act': {
        if (!('sweep' in subject)) return
        const commands = { cancel: 'cancelSweep', goOn: 'goOnSweep', report: 'reportSweep' } as const
        if (message.what !== 'recipe')
          return vscode.commands.executeCommand(`sparsescope.${commands[message.what]}`, subject)
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(join(subject.sweep, 'sweep.prune.yaml')))
      }
    }
  }

  /** `outdated`: called when runs were added or removed. */
  private async read(subject: Subject, outdated: () => void, before?: Experiments): Promise<Opened> {
    const maxPoints = () => setting('chart.maxPoints')
    if ('experiments' in subject) {
      if (!before) await Promise.all([this.findRuns(), this.sweeps.find()])
      const experiments = await openExperiments({ store: this.store, sweeps: this.sweeps }, outdated, before)
      const { runs: followed, numSweeps } = experiments
      const about = [plural(followed.runs.length, 'run'), ...(numSweeps > 0 ? [plural(numSweeps, 'sweep')] : [])]
      const what: ComparedWhat = { kind: 'experiments', title: t('Experiments'), about: about.join(' · ') }
      return { what, followed, maxPoints, experiments, close: () => experiments.close() }
    }
    if ('runs' in subject) {
      const followed = await comparedRuns(subject.runs)
      const title = t('Compare {0} Runs', followed.runs.length)
      const what: ComparedWhat = { kind: 'comparison', title, about: '' }
      return { what, followed, maxPoints, close: () => followed.close() }
    }
    const sweep = await this.sweeps.openFolder(subject.sweep)
    const isSlurm = isSubmitted(sweep.folder)
    const about = [sweep.time, isSlurm ? 'Slurm' : '', vscode.workspace.asRelativePath(sweep.folder)]
    const what: ComparedWhat = {
      kind: 'sweep',
      title: sweepTitle(sweep.name),
      isSubmitted: isSlurm,
      about: about.filter(Boolean).join(' · '),
    }
    // The reader of the runs stays open, because the tree uses it too.
    return { what, followed: sweep.runs, maxPoints, close: () => undefined }
  }
}

async function exportTable(
  followed: RunsReader,
  runs: readonly number[],
  folder: vscode.Uri | undefined,
): Promise<void> {
  const folded = t('Median ± range over seeds, the best in bold')
  const formats: readonly (vscode.QuickPickItem & { format: TableFormat; name: string })[] = [
    { label: 'LaTeX', detail: folded, format: 'latex', name: 'runs.tex' },
    { label: 'Markdown', detail: folded, format: 'markdown', name: 'runs.md' },
    { label: 'CSV', detail: t('One line per run, numbers in full precision'), format: 'csv', name: 'runs.csv' },
  ]
  const chosen = await vscode.window.showQuickPick(formats, { title: t('Export Table') })
  if (!chosen) return
  const content = await tableText(followed, runs, chosen.format)
  await saveExport({ type: 'export', name: chosen.name, content, encoding: 'utf8' }, folder)
}

/** Folder that exports are suggested in. */
function exportFolder(subject: Subject): vscode.Uri | undefined {
  if ('experiments' in subject) return vscode.workspace.workspaceFolders?.[0]?.uri
  return vscode.Uri.file('sweep' in subject ? subject.sweep : subject.runs[0])
}

/** The saved subject of a view, from untrusted state; null if it is invalid. */
function subjectFrom(kept: unknown): Subject | null {
  try {
    const { sweep, runs, experiments } = JSON.parse(String(kept)) as Record<string, unknown>
    if (experiments === true) return { experiments }
    if (typeof sweep === 'string') return { sweep }
    if (Array.isArray(runs) && runs.length > 0 && runs.every((run) => typeof run === 'string')) return { runs }
  } catch {
    // Another version of the extension may have stored another format.
  }
  return null
}
