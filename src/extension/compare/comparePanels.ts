// Two checkpoints side by side. The comparison is kept, so that a view that was hidden shows it again.
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { modelLabel } from '../../shared/format/modelLabel.ts'
import type {
  ComparedTensor,
  CompareProgress,
  CompareSummary,
  Measured,
  TensorChange,
} from '../../shared/protocol/inspect.ts'
import { type FromCompare, type ToCompare, views } from '../../shared/protocol/view.ts'
import type { Services } from '../services.ts'
import { isCancellation, messageOf } from '../support/log.ts'
import { bindView } from '../views/bindView.ts'
import { tabIcon } from '../views/page.ts'

interface Pair {
  a: string
  b: string
}

export class ComparePanels implements vscode.WebviewPanelSerializer<Partial<Pair>> {
  private readonly services: Services

  constructor(services: Services) {
    this.services = services
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(views.compare.type, this))
  }

  show(pair: Pair): void {
    const title = `${modelLabel(pair.a)} ↔ ${modelLabel(pair.b)}`
    this.adopt(pair, vscode.window.createWebviewPanel(views.compare.type, title, vscode.ViewColumn.Active))
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: Partial<Pair> | undefined): Promise<void> {
    if (state?.a && state.b) this.adopt({ a: state.a, b: state.b }, panel)
    else panel.dispose()
  }

  private adopt({ a, b }: Pair, panel: vscode.WebviewPanel): void {
    panel.iconPath = tabIcon(this.services.extensionUri)
    let abort: AbortController | null = null
    let result: CompareSummary | null = null
    let failure: string | null = null
    let tensors: ComparedTensor[] = []
    let measured: Measured | undefined
    let changes: TensorChange[] = []
    let done = 0
    let total = 0
    const start = () => {
      abort = new AbortController()
      tensors = []
      changes = []
      failure = result = null
      const onProgress = (progress: CompareProgress) => {
        if (progress.tensors) tensors = progress.tensors
        measured = progress.measured ?? measured
        for (const change of progress.changes) changes.push(change)
        done = progress.done
        total = progress.total
        view.post({ type: 'progress', progress })
      }
      this.services.call('compare', { a, b }, { signal: abort.signal, onProgress }).then(
        (summary) => {
          result = summary
          view.post({ type: 'result', result })
        },
        (error: unknown) => {
          failure = isCancellation(error) ? vscode.l10n.t('The comparison was cancelled.') : messageOf(error)
          view.post({ type: 'failed', message: failure })
        },
      )
    }
    const replay = () => {
      if (failure) return view.post({ type: 'failed', message: failure })
      view.post({ type: 'models', a: { path: a, label: modelLabel(a) }, b: { path: b, label: modelLabel(b) } })
      if (!abort) return start()
      view.post({ type: 'progress', progress: { tensors, measured, changes, done, total } })
      if (result) view.post({ type: 'result', result })
    }
    const view = bindView<ToCompare, FromCompare>(panel.webview, {
      view: 'compare',
      extension: this.services.extensionUri,
      call: this.services.call,
      models: { first: a, second: b },
      exportFolder: () => vscode.Uri.file(dirname(b)),
      onReady: replay,
      onRetry: () => {
        abort = null
        failure = null
        replay()
      },
      onMessage: ({ type }) => {
        if (type === 'tryOut') return void vscode.commands.executeCommand('sparsescope.tryOut', { a, b })
        abort?.abort()
      },
      onFailure: this.services.log.failed,
    })
    panel.onDidDispose(() => {
      abort?.abort()
      view.dispose()
    })
  }
}
