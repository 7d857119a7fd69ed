// The tabs of a run: its live view, one panel a run, which a reloaded window shows again, and its report.
import * as vscode from 'vscode'
import { basename, dirname, join } from 'node:path'
import { lstat } from 'node:fs/promises'
import { runLabel, runName } from '../../formatting/paths.ts'
import { type FromAnyView, type FromRun, type ToRun, views } from '../../protocol/view.ts'
import type { ComparePanels } from '../views/comparePanels.ts'
import { type Services, planOf } from '../services.ts'
import { columnsOfRun, pairsOf, type RunColumns } from '../models/columns.ts'
import { writeCard } from '../models/exportModel.ts'
import { plainText } from '../support/log.ts'
import { bindView, type BoundView, tabIcon } from '../views/bindView.ts'
import type { RunResult } from '../../runs/series/runResult.ts'
import { EventFeed } from './eventFeed.ts'
import type { RunStore } from './runStore.ts'
import { parseRecipe } from '../../lint/lint.ts'
import { readOwn } from '../../system/ownFile.ts'

const t = vscode.l10n.t

interface Open {
  panel: vscode.WebviewPanel
  view: BoundView<ToRun>
  /** Feeds, by folder, of the runs that the view shows. */
  feeds: Map<string, EventFeed>
  /** The result that the view has been sent. */
  result: RunResult | null
}

export class RunPanels implements vscode.WebviewPanelSerializer<{ folder?: string }> {
  private readonly open = new Map<string, Open>()

  constructor(
    private readonly services: Services,
    private readonly store: RunStore,
    private readonly comparePanels: ComparePanels,
  ) {
    services.context.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(views.run.type, this),
      store.onChange((changed) => {
        for (const [folder, one] of this.open) {
          for (const [shown, feed] of one.feeds) if (changed.includes(shown)) void feed.read()
          one.view.post(this.listing(folder))
          this.postResult(folder, one)
        }
      }),
    )
  }

  show(folder: string): void {
    const known = this.open.get(folder)
    if (known) return known.panel.reveal()
    const run = this.store.get(folder)
    const name = run ? runLabel(run) : t('Run')
    this.adopt(folder, vscode.window.createWebviewPanel(views.run.type, name, vscode.ViewColumn.Active))
  }

  /** Folder of the run whose view is in front. */
  get active(): string | undefined {
    return [...this.open].find(([, { panel }]) => panel.active)?.[0]
  }

  isVisible(folder: string): boolean {
    return this.open.get(folder)?.panel.visible ?? false
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: { folder?: string } | undefined): Promise<void> {
    if (!state?.folder) return panel.dispose()
    await this.store.refresh(state.folder)
    this.adopt(state.folder, panel)
  }

  private adopt(folder: string, panel: vscode.WebviewPanel): void {
    const view = bindView<ToRun, FromRun>(this.services, panel, {
      view: 'run',
      exportFolder: () => vscode.Uri.file(folder),
      onReady: () => {
        view.post(this.listing(folder))
        // The same feed goes on: two that read at once would send the events of the run in turns.
        this.replay(open, folder)
        open.result = null
        this.postResult(folder, open)
      },
      onRetry: () => {
        void this.store.refresh(folder)
        this.replay(open, folder)
      },
      onMessage: (message) => this.handle(folder, open, message),
      onClose: () => {
        if (this.open.get(folder) === open) this.open.delete(folder)
      },
    })
    const open: Open = { panel, view, feeds: new Map(), result: null }
    // After a reload, VS Code restores a hidden tab only when it is shown; the run may have been opened again by then.
    this.open.get(folder)?.panel.dispose()
    this.open.set(folder, open)
  }

  private async handle(folder: string, open: Open, message: Exclude<FromRun, FromAnyView>): Promise<void> {
    const { executeCommand } = vscode.commands
    switch (message.type) {
      case 'pause':
        return executeCommand('sparsescope.pauseRun', { folder, paused: message.paused })
      case 'cancelRun':
        return executeCommand('sparsescope.cancelRun', { folder })
      case 'resumeRun':
        return executeCommand('sparsescope.resumeRun', { folder })
      case 'overlay':
        await this.store.refresh(message.folder)
        return this.replay(open, message.folder)
      case 'openMatrix':
        return this.openMatrix(folder, message.name)
      case 'reveal':
        return this.reveal(folder, message.what)
    }
  }

  private async reveal(folder: string, what: Extract<FromRun, { type: 'reveal' }>['what']): Promise<void> {
    const { executeCommand } = vscode.commands
    if (what === 'output') return executeCommand('sparsescope.revealOutput', { folder })
    if (what === 'comparison') return this.compare(folder)
    if (what === 'card') return this.card(folder)
    if (what === 'tryOut') return executeCommand('sparsescope.tryOut', { folder })
    if (what === 'report') return executeCommand('sparsescope.openReport', { folder })
    return executeCommand('vscode.open', vscode.Uri.file(join(folder, 'recipe.prune.yaml')))
  }

  /** Compares two models of the run; a notification says why the pruned model is missing. */
  private async compare(folder: string): Promise<void> {
    const { columns, note } = await columnsOfRunFolder(this.services, this.store, folder)
    const pairs = pairsOf(columns).map(({ a, b }) => ({ a, b, label: `${a.role} ↔ ${b.role}` }))
    if (note !== null) void vscode.window.showInformationMessage(plainText(note))
    const title = t('Models of this run to compare')
    const pair = pairs.length > 1 ? await vscode.window.showQuickPick(pairs, { title }) : pairs.at(0)
    if (pair) this.comparePanels.show(pair)
  }

  /** Opens a matrix in the result, or in the source model while there is no result. */
  private async openMatrix(folder: string, module: string): Promise<void> {
    const recipe = vscode.Uri.file(join(folder, 'recipe.prune.yaml'))
    const model = this.store.get(folder)?.saved ?? (await planOf(this.services, recipe)).model
    await vscode.commands.executeCommand('sparsescope.openOverview', vscode.Uri.file(model), module)
  }

  private async card(folder: string): Promise<void> {
    const saved = this.store.get(folder)?.saved
    if (saved) await writeCard(this.services, saved)
  }

  /** Posts the result if it changed. The report is written before the `end` event, so a run that is done has a result. */
  private postResult(folder: string, open: Open): void {
    const result = this.store.get(folder)?.state.report ?? null
    if (result === open.result) return
    open.result = result
    open.view.post({
      type: 'runResult',
      result: result && { ...result, output: shown(result.output), ggufOutput: shown(result.ggufOutput) },
    })
  }

  /** Sends a view all events of the run, then the new ones. */
  private replay({ feeds, view }: Open, folder: string): void {
    const feed =
      feeds.get(folder) ?? new EventFeed(folder, (from, events) => view.post({ type: 'events', folder, from, events }))
    feeds.set(folder, feed)
    void feed.replay()
  }

  private listing(folder: string): ToRun {
    // Runs of the same recipe folder can be overlaid.
    const runs = this.store.listings().filter((run) => dirname(run.folder) === dirname(folder))
    return { type: 'runs', current: folder, runs }
  }
}

/** A path is relative inside the workspace. */
function shown(output: string | null): string | null {
  return output === null ? null : vscode.workspace.asRelativePath(output)
}

/**
 * The models of a run: dense, pruned where it is available, and recovered.
 * @throws Error with a message for the user when the run has saved nothing.
 */
export async function columnsOfRunFolder(services: Services, store: RunStore, folder: string): Promise<RunColumns> {
  const run = await store.refresh(folder)
  if (!run?.saved)
    throw new Error(vscode.l10n.t('This run saved no model. Add save.to to its recipe and run it again.'))
  const uri = vscode.Uri.file(join(folder, 'recipe.prune.yaml'))
  const { model } = await planOf(services, uri)
  const { recipe } = parseRecipe((await vscode.workspace.openTextDocument(uri)).getText())
  return columnsOfRun(model, { result: run.saved, pruned: run.state.report?.prunedOutput ?? null }, recipe ?? {})
}

const viewType = 'sparsescope.report'
const largest = 64 * 2 ** 20
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'"

/** Shows report.html in a tab. The run folder is untrusted: the page runs no script and loads nothing. */
export async function showReport(folder: string, extension: vscode.Uri): Promise<void> {
  const file = join(folder, 'report.html')
  const found = await lstat(file).catch(() => null)
  if (!found?.isFile())
    throw new Error(vscode.l10n.t('This run has no report yet. The report is written when a run ends.'))
  if (found.size > largest) throw new Error(vscode.l10n.t('{0} is too large for a tab. Open it in a browser.', file))
  const title = vscode.l10n.t('Report of {0}', runName(basename(folder)).name)
  const options = { enableScripts: false, localResourceRoots: [], enableFindWidget: true }
  const panel = vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active, options)
  panel.iconPath = tabIcon(extension)
  // The policy precedes the report, so that it applies to the whole report.
  const guard = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}">`
  panel.webview.html = guard + (await readOwn(file, largest))
}
