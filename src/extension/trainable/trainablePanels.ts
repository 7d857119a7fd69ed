// Which weights train: in a recipe, planned again on each save; in a run, live too; in a result.
import * as vscode from 'vscode'
import { basename, dirname, join } from 'node:path'
import type { SeenModel } from '../../protocol/parameters.ts'
import type { PlannedText, TrainBudget } from '../../plan/planSummary.ts'
import {
  type FromAnyView,
  type FromTrainable,
  type ShownTraining,
  type ToTrainable,
  views,
} from '../../protocol/view.ts'
import { trainEdits } from '../../recipe/edits.ts'
import { runLabel, runName } from '../../formatting/paths.ts'
import { runFolderAt } from '../../runs/folder/runFolder.ts'
import { addTraining, noTraining, trainingIn, type TrainingUpdate } from '../../runs/series/training.ts'
import { type Services, planOf } from '../services.ts'
import { messageOf } from '../../errors.ts'
import { EventFeed } from '../runs/eventFeed.ts'
import type { RunStore } from '../runs/runStore.ts'
import { reached } from '../support/settings.ts'
import { bindView, type BoundView } from '../views/bindView.ts'

const t = vscode.l10n.t

/** What the view is opened from: `uri` is a recipe, a run's folder, or a file of a result. */
export interface TrainingOf {
  readonly kind: ShownTraining
  readonly uri: vscode.Uri
}

export class TrainablePanels {
  private readonly pages = new Set<TrainingPage>()

  constructor(
    private readonly services: Services,
    private readonly store: RunStore,
  ) {}

  show(of: TrainingOf): void {
    const known = [...this.pages].find((page) => keyOf(page.of) === keyOf(of))
    if (known) {
      known.panel.reveal()
      return void known.refresh()
    }
    const panel = vscode.window.createWebviewPanel(views.trainable.type, titleOf(of), vscode.ViewColumn.Beside)
    const page = new TrainingPage(this.services, this.store, panel, of, () => this.pages.delete(page))
    this.pages.add(page)
  }
}

/** Uses the URI and not the path, because an unsaved recipe (`untitled:`) can have the same path as a file. */
const keyOf = ({ kind, uri }: TrainingOf) => `${kind} ${uri.toString()}`

function titleOf({ kind, uri }: TrainingOf): string {
  const name = nameOf(kind, uri.fsPath)
  return kind === 'dryRun' ? t('Dry run: {0}', name) : t('Trainable: {0}', name)
}

/** A result has the name of its folder, and a run the name in the title of its own view. */
function nameOf(kind: ShownTraining, path: string): string {
  if (kind === 'result') return basename(dirname(path))
  return kind === 'run' ? runLabel(runName(basename(path))) : basename(path)
}

interface Planned {
  readonly plan: PlannedText
  /** Path of the weights that a matrix is shown from; undefined: there are none yet. */
  readonly seen: string | undefined
}

class TrainingPage {
  private readonly view: BoundView<ToTrainable>
  private readonly models: { first?: SeenModel } = {}
  private isPlanned = false
  /** Number of the latest plan that was asked for: an earlier one may be made later. */
  private asked = 0
  /** The result that a run has saved, once the page has asked for the plan with it: it asks once. */
  private awaited: string | null = null
  private training: TrainingUpdate = noTraining
  private readonly feed: EventFeed | null

  constructor(
    private readonly services: Services,
    private readonly store: RunStore,
    readonly panel: vscode.WebviewPanel,
    public of: TrainingOf,
    onClose: () => void,
  ) {
    this.feed = of.kind === 'run' ? new EventFeed(of.uri.fsPath, (from, events) => this.hear(from, events)) : null
    const followed = [
      vscode.workspace.onDidSaveTextDocument(({ uri }) => this.saved(uri)),
      ...(this.feed ? [store.onChange((changed) => changed.includes(of.uri.fsPath) && this.follow())] : []),
    ]
    this.view = bindView<ToTrainable, FromTrainable>(services, panel, {
      view: 'trainable',
      models: this.models,
      exportFolder: () => vscode.Uri.file(dirname(this.of.uri.fsPath)),
      onReady: () => this.refresh(),
      onMessage: (message) => this.handle(message),
      onClose: () => {
        onClose()
        for (const one of followed) one.dispose()
      },
    })
  }

  async refresh(): Promise<void> {
    if (!this.isPlanned) this.view.post({ type: 'loading', what: t('Reading the recipe and the header of its model') })
    const round = ++this.asked
    try {
      const { kind, uri } = this.of
      const { plan, seen } = await this.plan()
      if (round !== this.asked) return
      this.lookAt(seen)
      this.isPlanned = true
      if (kind === 'dryRun' && plan.errors.length === 0) reached('dryRun')
      const [model, recipe] = [basename(plan.model), nameOf(kind, uri.fsPath)]
      this.view.post({
        type: 'plan',
        of: kind,
        hasWeights: this.models.first !== undefined,
        plan: { ...plan, recipe, model },
      })
      if (this.feed) void this.feed.replay()
      else this.view.post({ type: 'training', update: this.training, isAnew: true })
    } catch (error) {
      if (round === this.asked) this.view.post({ type: 'failed', message: messageOf(error) })
    }
  }

  /** Also finds the weights that a matrix is shown from: those of a result, or of a model that is pruned already. */
  private async plan(): Promise<Planned> {
    const { kind, uri } = this.of
    if (kind === 'result') return this.planOfResult(dirname(uri.fsPath))
    const recipe = kind === 'run' ? vscode.Uri.file(runFolderAt(uri.fsPath).recipe) : uri
    const plan = await planOf(this.services, recipe)
    const saved = kind === 'run' ? (await this.store.refresh(uri.fsPath))?.saved : null
    const seen = saved ?? (plan.prunedModules === 0 ? plan.model : undefined)
    // Findings, such as that the output exists, do not apply to a run that has begun.
    return { plan: kind === 'run' ? { ...plan, errors: [], warnings: [] } : plan, seen }
  }

  private async planOfResult(folder: string): Promise<Planned> {
    const { call } = this.services
    const { recipe, moved, sparsities } = await call('trained', { path: folder })
    const known: TrainingUpdate = { at: null, moved: {}, sparsities }
    this.training = moved.reduce(
      (sum, { recovery, tensors }) => addTraining(sum, { ...noTraining, moved: { [recovery]: tensors } }),
      known,
    )
    const plan = await call('plan', { recipe: join(folder, 'sparsescope.prune.yaml'), text: recipe })
    return { plan: { ...plan, errors: [], warnings: [] }, seen: folder }
  }

  private lookAt(path: string | undefined): void {
    if (path === undefined) delete this.models.first
    else this.models.first = { path }
  }

  private hear(from: number, events: Parameters<typeof trainingIn>[0]): void {
    const isAnew = from === 0
    const update = trainingIn(events, isAnew ? null : this.training.at)
    this.training = { ...noTraining, at: update.at }
    this.view.post({ type: 'training', update, isAnew })
  }

  /** Once the run has saved its result, the matrices are shown from the result. */
  private follow(): void {
    const saved = this.store.get(this.of.uri.fsPath)?.saved
    if (saved && this.models.first?.path !== saved && this.awaited !== saved) {
      this.awaited = saved
      void this.refresh()
    } else void this.feed?.read()
  }

  private saved(uri: vscode.Uri): void {
    const { kind, uri: own } = this.of
    if (kind === 'run' || kind === 'result') return
    // On its first save, an unsaved recipe becomes the file at its path.
    if (own.scheme === 'untitled' && uri.fsPath === own.fsPath) this.of = { kind, uri }
    if (uri.toString() === this.of.uri.toString()) void this.refresh()
  }

  private handle(message: Exclude<FromTrainable, FromAnyView>): unknown {
    const { kind, uri } = this.of
    const { executeCommand } = vscode.commands
    switch (message.type) {
      case 'run':
        return executeCommand('sparsescope.runRecipe', uri)
      case 'openRecipe':
        return executeCommand('vscode.open', kind === 'run' ? vscode.Uri.file(runFolderAt(uri.fsPath).recipe) : uri)
      case 'openRun':
        return executeCommand('sparsescope.openRun', { folder: uri.fsPath })
      case 'openMatrix': {
        const { first } = this.models
        return first && executeCommand('sparsescope.openOverview', vscode.Uri.file(first.path), message.name)
      }
      case 'train':
        return this.writeTrain(message.recovery, message.budget)
    }
  }

  /** Edits the recipe in its editor, where it can be undone. The user saves the file. */
  private async writeTrain(recovery: number, { train, rank }: Pick<TrainBudget, 'train' | 'rank'>): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.of.uri)
    const edit = new vscode.WorkspaceEdit()
    for (const { range, newText } of trainEdits(document.getText(), recovery, train, rank)) {
      const { start, end } = range
      edit.replace(document.uri, new vscode.Range(start.line, start.character, end.line, end.character), newText)
    }
    if (edit.size === 0)
      throw new Error(t('{0} has no recovery that can be edited here.', basename(document.uri.fsPath)))
    await vscode.workspace.applyEdit(edit)
    await this.refresh()
  }
}
