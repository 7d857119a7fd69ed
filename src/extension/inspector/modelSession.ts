// One checkpoint in the editor: its views, and the scan of its statistics. Only the backend holds its data. Each new view asks the
// backend, and therefore also shows changes to the files that were made while no view was open.
import { messageOf } from '../../errors.ts'
import type { ParamsOf } from '../../protocol/parameters.ts'
import type { ModelSummary, OpenedModel, ScanProgress, ScanResult, AnalysisUpdate } from '../../protocol/inspect.ts'
import { moduleOfWeight } from '../../catalog/families/parameters.ts'
import type { ToInspector } from '../../protocol/view.ts'
import type { Caller } from '../backend/calls.ts'

type ScanPolicy = (model: ModelSummary) => boolean

interface View {
  post: (message: ToInspector) => void
  /** Number of the current opening; results of older openings are dropped. */
  round: number
  /** The view has received the model, and now gets the messages of the scan. */
  shows: boolean
}

interface Scan {
  abort: AbortController
  /** The latest progress, without the statistics, which the views already have. */
  progress: ScanProgress | null
}

interface Analysing {
  readonly abort: AbortController
  /** The latest progress, without the modules, which are on disk. */
  update: AnalysisUpdate
}

export class ModelSession {
  private readonly views = new Set<View>()
  private rounds = 0
  private scan: Scan | null = null
  private lastResult: ScanResult | null = null
  /** The analysis in progress. Its modules are on disk, and views that are opened later get them with the model. */
  private analysing: Analysing | null = null
  /** What the first view will show. */
  private ahead: Promise<OpenedModel> | null = null
  /**
   * A module whose matrix the views select; kept until one of them has selected something, because a page that was hidden is still
   * loading when its tab is shown.
   */
  private wanted: string | null = null

  constructor(
    readonly path: string,
    private readonly call: Caller,
    private readonly autoScan: ScanPolicy,
  ) {}

  /** Adds a view and shows it everything known. */
  attach(post: (message: ToInspector) => void): { dispose(): void } {
    const view: View = { post, round: 0, shows: false }
    this.views.add(view)
    void this.open([view])
    return {
      dispose: () => {
        this.views.delete(view)
        if (this.views.size === 0) this.forgetScan()
      },
    }
  }

  /** Opens the checkpoint while the page of the first view is still loading. */
  openAhead(): void {
    this.ahead = this.known()
    // The first view awaits the same promise and shows the error.
    this.ahead.catch(() => undefined)
  }

  /** Asks the backend for the current state. */
  known(): Promise<OpenedModel> {
    return this.call('openModel', { path: this.path })
  }

  /** Opens the model again after its files have changed or after a failure. A running analysis measures the old files. */
  reload(): Promise<void> {
    this.forgetAnalysis()
    this.forgetScan()
    return this.open([...this.views])
  }

  /** Selects a module's matrix in the views that show the model, or in the next one that does. */
  select(module: string): void {
    this.wanted = module
    void this.postSelection([...this.views].filter(({ shows }) => shows))
  }

  /** A view has selected a matrix, the wanted one or another. */
  selected(): void {
    this.wanted = null
  }

  private async postSelection(views: readonly View[]): Promise<void> {
    const module = this.wanted
    if (views.length === 0 || module === null) return
    const { model } = await this.known()
    const name = model.tensors.find(({ name: tensor }) => tensor === module || moduleOfWeight(tensor) === module)?.name
    if (name === undefined && this.wanted === module) this.wanted = null
    if (name !== undefined) for (const { post } of views) post({ type: 'select', name })
  }

  startScan(): void {
    if (this.scan) return
    const scan: Scan = { abort: new AbortController(), progress: null }
    this.scan = scan
    const onProgress = (progress: ScanProgress) => {
      if (this.scan !== scan) return
      scan.progress = { ...progress, stats: [] }
      this.post({ type: 'scan', progress })
    }
    const end = (result: ScanResult) => {
      if (this.scan !== scan) return
      this.scan = null
      this.lastResult = result
      this.post({ type: 'scanEnd', result })
      this.postMeasurable()
    }
    this.call('scan', { path: this.path }, { signal: scan.abort.signal, onProgress }).then(
      end,
      // Stopped or failed: results so far are kept, and the scan can continue.
      (error: unknown) =>
        end({
          scanned: 0,
          skipped: 0,
          partial: true,
          ...(!scan.abort.signal.aborted && { problem: messageOf(error) }),
        }),
    )
  }

  cancelScan(): void {
    this.scan?.abort.abort()
  }

  /** Resolves when the analysis has ended in any way and the views have been told. */
  async analyse(request: Omit<ParamsOf<'analyse'>, 'path'>): Promise<void> {
    if (this.analysing) return
    // Reading the text and the model takes a while before the first module is measured.
    const begun: AnalysisUpdate = { modules: [], loss: null, done: 0, total: 0 }
    const analysing: Analysing = { abort: new AbortController(), update: begun }
    this.analysing = analysing
    this.post({ type: 'analysis', update: begun })
    const onProgress = (update: AnalysisUpdate) => {
      if (this.analysing !== analysing) return
      analysing.update = { ...update, modules: [] }
      this.post({ type: 'analysis', update })
    }
    const end = (problem: string | null) => {
      if (this.analysing !== analysing) return
      this.analysing = null
      this.post({ type: 'analysisEnd', problem })
      this.postMeasurable()
    }
    try {
      const { signal } = analysing.abort
      const { warnings } = await this.call('analyse', { path: this.path, ...request }, { signal, onProgress })
      end(warnings.at(0) ?? null)
    } catch (error) {
      end(analysing.abort.signal.aborted ? null : messageOf(error))
    }
  }

  cancelAnalysis(): void {
    this.analysing?.abort.abort()
  }

  dispose(): void {
    this.views.clear()
    this.cancelAnalysis()
    this.forgetScan()
  }

  private postMeasurable(): void {
    // An error is ignored here: a stopped backend is reported elsewhere.
    this.call('measurable', { path: this.path }).then(
      ({ soFar }) => this.post({ type: 'measurable', soFar }),
      () => undefined,
    )
  }

  private forgetAnalysis(): void {
    this.cancelAnalysis()
    if (this.analysing) this.post({ type: 'analysisEnd', problem: null })
    this.analysing = null
  }

  private forgetScan(): void {
    this.cancelScan()
    // The views are told here, because `startScan` ignores the end of a scan that is no longer the current one.
    if (this.scan) this.post({ type: 'scanEnd', result: { scanned: 0, skipped: 0, partial: true } })
    this.scan = null
    this.lastResult = null
  }

  private async open(views: readonly View[]): Promise<void> {
    const round = ++this.rounds
    for (const view of views) {
      Object.assign(view, { round, shows: false })
      view.post({ type: 'loading', what: `Reading the header of ${this.path}` })
    }
    const waiting = () => views.filter((view) => this.views.has(view) && view.round === round)
    const opened = this.ahead ?? this.known()
    this.ahead = null
    try {
      const known = await opened
      const scans = !this.lastResult && this.autoScan(known.model)
      const scanAhead = scans || this.scan !== null
      for (const view of waiting()) {
        view.shows = true
        view.post({ type: 'model', ...known, scanAhead })
        if (this.analysing) view.post({ type: 'analysis', update: this.analysing.update })
        if (this.scan?.progress) view.post({ type: 'scan', progress: this.scan.progress })
        else if (!this.scan && this.lastResult) view.post({ type: 'scanEnd', result: this.lastResult })
      }
      await this.postSelection(waiting())
      if (waiting().length > 0 && scans) this.startScan()
      else if (!scans && !this.scan) this.postMeasurable()
    } catch (error) {
      const message = messageOf(error)
      for (const { post } of waiting()) post({ type: 'failed', message })
    }
  }

  /** Posts to all views that show the model. */
  post(message: ToInspector): void {
    for (const view of this.views) if (view.shows) view.post(message)
  }
}
