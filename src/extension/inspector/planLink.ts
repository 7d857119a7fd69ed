// The map and the recipe that stands beside it: the map shows what the text says, whoever changes it, and a change on the map is
// one edit of the text.
import * as vscode from 'vscode'
import { basename } from 'node:path'
import { changePlan } from '../../shared/analysis/changePlan.ts'
import type { PlanChange, PlannedMap, PlanRule } from '../../shared/analysis/plannedMap.ts'
import { plannedView } from '../../shared/analysis/plannedView.ts'
import type { PlanModel } from '../../shared/analysis/plannedSparsity.ts'
import type { MeasuredModule } from '../../shared/analysis/analysis.ts'
import { moduleOfWeight } from '../../shared/families/parameters.ts'
import type { AnalysisUpdate, OpenedModel } from '../../shared/protocol/inspect.ts'
import type { ToInspector } from '../../shared/protocol/view.ts'
import type { Caller } from '../backend/calls.ts'
import { recipeLanguage } from '../contributions.ts'
import { draftRecipe, openDraft } from '../recipe/draftRecipe.ts'
import { settledBy } from '../recipe/settledBy.ts'
import { requireTrust } from '../support/trust.ts'
import { changedPart } from './changedPart.ts'
import type { SessionFollower } from './modelSession.ts'
import { openRecipeOf, revealBeside } from './openRecipe.ts'

const t = vscode.l10n.t

/** Typing is over, for the bars and for the estimates of a whole run. */
const [quietMs, restMs] = [120, 700]

export interface PlanLinkOptions {
  /** Index or weights file. */
  readonly path: string
  readonly call: Caller
  readonly tell: (message: ToInspector) => void
  readonly onFailure: (error: unknown) => void
}

interface Estimate {
  readonly text: string
  /** Least and most. */
  readonly seconds: number | null
  readonly memoryBytes: number
}

export class PlanLink implements SessionFollower, vscode.Disposable {
  private readonly options: PlanLinkOptions
  private readonly disposables: vscode.Disposable[]
  private model: PlanModel | null = null
  private measured = new Map<string, MeasuredModule>()
  /** The text that the map wrote last, and the rule that it was spread by. */
  private written: { text: string; rule: PlanRule } | null = null
  private estimate: Estimate | null = null
  /** The plan that the views have, as JSON. */
  private told = ''
  private quiet: NodeJS.Timeout | undefined
  private rest: NodeJS.Timeout | undefined
  /** Changes are made one after the other, each of the text that the one before has left. */
  private queue: Promise<void> = Promise.resolve()

  constructor(options: PlanLinkOptions) {
    this.options = options
    const ofRecipe = ({ languageId }: vscode.TextDocument) => {
      if (languageId === recipeLanguage) this.showSoon()
    }
    this.disposables = [
      vscode.workspace.onDidChangeTextDocument(({ document }) => ofRecipe(document)),
      vscode.workspace.onDidOpenTextDocument(ofRecipe),
      vscode.workspace.onDidCloseTextDocument(ofRecipe),
      vscode.window.onDidChangeVisibleTextEditors(() => this.showSoon()),
      vscode.window.tabGroups.onDidChangeTabs(() => this.showSoon()),
    ]
  }

  opened({ model: { tensors, blocks }, analysis }: OpenedModel): void {
    const linears = tensors.filter(({ role, block }) => role === 'linear' && block !== null)
    const modules = linears.map(({ name, block, module: column, parameters }) => ({
      name: moduleOfWeight(name),
      className: 'Linear',
      block: block ?? 0,
      column,
      parameters,
    }))
    this.model = { modules, numBlocks: blocks }
    this.measured = new Map(analysis?.modules.map((module) => [module.name, module]))
    this.told = ''
    this.showSoon()
  }

  scanned(): void {
    this.askMeasurable()
  }

  figures({ modules }: AnalysisUpdate): void {
    for (const module of modules) this.measured.set(module.name, module)
    if (modules.length > 0) this.showSoon()
  }

  analysed(): void {
    this.showSoon()
    this.askMeasurable()
  }

  private askMeasurable(): void {
    const { call, path, tell } = this.options
    // A model that cannot be computed with has no such methods, and a stopped backend says so elsewhere.
    call('measurable', { path }).then(
      ({ methods }) => tell({ type: 'measurable', methods }),
      () => undefined,
    )
  }

  /** Shows the recipe, and begins one where there is none. `mapColumn`: where the map stands. */
  begin(mapColumn: vscode.ViewColumn | undefined): Promise<void> {
    return this.inTurn(async () => {
      const document = await this.document()
      if (document) await revealBeside(document, mapColumn)
      else await this.draft(mapColumn)
    })
  }

  change(change: PlanChange, locked: readonly string[], mapColumn: vscode.ViewColumn | undefined): Promise<void> {
    return this.inTurn(async () => {
      const { model, measured } = this
      if (!model) return
      const document = (await this.document()) ?? (await this.draft(mapColumn))
      const before = document.getText()
      const changed = changePlan(before, change, { model, measured, locked: new Set(locked) })
      const problem = changed.problem ?? (await this.write(document, changed.text, mapColumn))
      if (problem === null && change.kind === 'spread') this.written = { text: document.getText(), rule: change.rule }
      // Also where nothing was changed: the bars go back to what is planned.
      this.told = ''
      await this.show()
      if (problem !== null) this.options.tell({ type: 'shaped', said: t('Nothing was changed: {0}.', problem) })
    })
  }

  dispose(): void {
    clearTimeout(this.quiet)
    clearTimeout(this.rest)
    for (const disposable of this.disposables) disposable.dispose()
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const trusted = async () => {
      if (await requireTrust(t('Writing a recipe'))) await work()
    }
    this.queue = this.queue.then(trusted).catch(this.options.onFailure)
    return this.queue
  }

  private document(): Promise<vscode.TextDocument | undefined> {
    return openRecipeOf(this.options.path)
  }

  private async draft(mapColumn: vscode.ViewColumn | undefined): Promise<vscode.TextDocument> {
    const { call, path } = this.options
    const known = await call('measurable', { path }).catch(() => null)
    const draft = await draftRecipe(path, known ? settledBy(known) : {})
    return openDraft(draft, (document) => revealBeside(document, mapColumn))
  }

  /** One step of the editor's undo. Returns why not, or null. */
  private async write(
    document: vscode.TextDocument,
    text: string,
    mapColumn: vscode.ViewColumn | undefined,
  ): Promise<string | null> {
    const part = changedPart(document.getText(), text)
    if (!part) return null
    const edit = new vscode.WorkspaceEdit()
    const range = new vscode.Range(document.positionAt(part.start), document.positionAt(part.end))
    edit.replace(document.uri, range, part.text)
    if (!(await vscode.workspace.applyEdit(edit))) return t('the recipe cannot be edited')
    if (!vscode.window.visibleTextEditors.some((editor) => editor.document === document))
      await revealBeside(document, mapColumn)
    return null
  }

  private showSoon(): void {
    clearTimeout(this.quiet)
    this.quiet = setTimeout(() => void this.show().catch(this.options.onFailure), quietMs)
  }

  /** Tells the plan, with the estimates once they are there. */
  private async show(): Promise<void> {
    clearTimeout(this.rest)
    if (!this.model) return
    const document = await this.document()
    if (!document) return this.tellPlan(null)
    const text = document.getText()
    const { written, estimate } = this
    const shown = plannedView(basename(document.uri.fsPath), text, this.model, this.measured)
    const rule = written?.text === text ? written.rule : shown.rule
    const known = estimate?.text === text ? estimate : null
    this.tellPlan({ ...shown, rule, seconds: known?.seconds ?? null, memoryBytes: known?.memoryBytes || null })
    if (!known && shown.problem === null) this.rest = setTimeout(() => void this.reckon(document, text), restMs)
  }

  /** What the views have already is not told again. */
  private tellPlan(plan: PlannedMap | null): void {
    const text = JSON.stringify(plan)
    if (text === this.told) return
    this.told = text
    this.options.tell({ type: 'planned', plan })
  }

  private async reckon(document: vscode.TextDocument, text: string): Promise<void> {
    try {
      const { call } = this.options
      const { estimates } = await call('plan', { recipe: document.uri.fsPath, text })
      const { seconds, memoryBytes } = estimates
      this.estimate = { text, memoryBytes, seconds }
    } catch {
      // What is wrong with the recipe is said in its editor.
      this.estimate = { text, seconds: null, memoryBytes: 0 }
    }
    await this.show().catch(this.options.onFailure)
  }
}
