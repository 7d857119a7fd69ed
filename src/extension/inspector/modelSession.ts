// One opened checkpoint: its header, the statistics known so far, and the scan that fills them in. Views come and
// go; this stays while any editor shows the model, so that each sees the same and nothing is computed twice.
import type { ModelSummary, ScanProgress, ScanResult, TensorStats } from '../../shared/protocol/inspect.ts'
import type { ToInspector } from '../../shared/protocol/view.ts'
import type { Caller } from '../backend/calls.ts'

export type ScanPolicy = (model: ModelSummary) => boolean

export class ModelSession {
  readonly path: string
  model: ModelSummary | null = null
  readonly stats = new Map<string, TensorStats>()
  private readonly call: Caller
  private readonly autoScan: ScanPolicy
  private readonly views = new Set<(message: ToInspector) => void>()
  private failure: string | null = null
  private scan: AbortController | null = null
  private progress: ScanProgress | null = null
  private lastResult: ScanResult | null = null
  private opening: Promise<void> | null = null

  constructor(path: string, call: Caller, autoScan: ScanPolicy) {
    this.path = path
    this.call = call
    this.autoScan = autoScan
  }

  /** Adds a view and shows it everything known. */
  attach(post: (message: ToInspector) => void): { dispose(): void } {
    this.views.add(post)
    this.replay(post)
    void this.open()
    return {
      dispose: () => {
        this.views.delete(post)
        if (this.views.size === 0) this.cancelScan()
      },
    }
  }

  /** Reads the header, once; again after a failure or `reload`. */
  open(): Promise<void> {
    this.opening ??= this.readHeader()
    return this.opening
  }

  reload(): Promise<void> {
    this.cancelScan()
    this.model = null
    this.failure = null
    this.stats.clear()
    this.lastResult = null
    this.opening = null
    for (const post of this.views) this.replay(post)
    return this.open()
  }

  startScan(): void {
    if (this.scan || !this.model) return
    const abort = new AbortController()
    this.scan = abort
    const onProgress = (progress: ScanProgress) => {
      if (this.scan !== abort) return
      for (const s of progress.stats) this.stats.set(s.name, s)
      this.progress = progress
      this.send({ type: 'scan', progress })
    }
    this.call('scan', { path: this.path }, { signal: abort.signal, onProgress }).then(
      (result) => this.endScan(abort, result),
      // Stopped or failed: what is known stays, and the scan can go on.
      () => this.endScan(abort, { scanned: this.stats.size, skipped: 0, partial: true }),
    )
  }

  cancelScan(): void {
    this.scan?.abort()
  }

  private async readHeader(): Promise<void> {
    try {
      this.model = await this.call('openModel', { path: this.path })
      this.failure = null
      for (const post of this.views) this.replay(post)
      if (this.autoScan(this.model)) this.startScan()
    } catch (error) {
      this.failure = error instanceof Error ? error.message : String(error)
      this.opening = null
      this.send({ type: 'failed', message: this.failure })
    }
  }

  private endScan(abort: AbortController, result: ScanResult): void {
    if (this.scan !== abort) return
    this.scan = null
    this.progress = null
    this.lastResult = result
    this.send({ type: 'scanEnd', result })
  }

  private replay(post: (message: ToInspector) => void): void {
    if (this.failure) post({ type: 'failed', message: this.failure })
    else if (!this.model) post({ type: 'loading', what: `Reading the header of ${this.path}` })
    else {
      post({ type: 'model', model: this.model, stats: [...this.stats.values()] })
      if (this.scan && this.progress) post({ type: 'scan', progress: { ...this.progress, stats: [] } })
      else if (this.lastResult) post({ type: 'scanEnd', result: this.lastResult })
    }
  }

  private send(message: ToInspector): void {
    for (const post of this.views) post(message)
  }
}
