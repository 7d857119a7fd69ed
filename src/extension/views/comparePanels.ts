// Two checkpoints side by side. The comparison is kept for a view that was hidden.
import type { SeenModel } from '../../protocol/parameters.ts'
import * as vscode from 'vscode'
import { dirname } from 'node:path'
import { fieldsOf } from '../../catalog/formats/json.ts'
import type { CompareProgress } from '../../protocol/inspect.ts'
import { type FromCompare, type LabelledModel, type ToCompare, views } from '../../protocol/view.ts'
import { rememberedModel } from '../models/columns.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../../errors.ts'
import { isCancellation } from '../support/log.ts'
import { bindView } from './bindView.ts'

interface Pair {
  readonly a: LabelledModel
  readonly b: LabelledModel
}

export class ComparePanels implements vscode.WebviewPanelSerializer<unknown> {
  constructor(private readonly services: Services) {
    services.context.subscriptions.push(vscode.window.registerWebviewPanelSerializer(views.compare.type, this))
  }

  show(pair: Pair): void {
    const title = `${pair.a.label} ↔ ${pair.b.label}`
    this.adopt(pair, vscode.window.createWebviewPanel(views.compare.type, title, vscode.ViewColumn.Active))
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const [a, b] = [rememberedModel(fieldsOf(state).a), rememberedModel(fieldsOf(state).b)]
    if (a && b) this.adopt({ a, b }, panel)
    else panel.dispose()
  }

  private adopt({ a, b }: Pair, panel: vscode.WebviewPanel): void {
    let abort: AbortController | null = null
    /** All messages so far, for a view that was hidden. */
    let sent: ToCompare[] = []
    const post = (message: ToCompare) => {
      sent.push(message)
      view.post(message)
    }
    const start = () => {
      // A second press of Try again comes before the page has seen the first.
      abort?.abort()
      const own = (abort = new AbortController())
      const isNow = () => abort === own
      sent = []
      post({ type: 'models', a, b })
      const onProgress = (progress: CompareProgress) => {
        if (isNow()) post({ type: 'progress', progress })
      }
      this.services.call('compare', { a: seen(a), b: seen(b) }, { signal: own.signal, onProgress }).then(
        (result) => isNow() && post({ type: 'result', result }),
        (error: unknown) => {
          if (!isNow()) return
          sent = []
          const cancelled = vscode.l10n.t('The comparison was cancelled.')
          post({ type: 'failed', message: isCancellation(error) ? cancelled : messageOf(error) })
        },
      )
    }
    const view = bindView<ToCompare, FromCompare>(this.services, panel, {
      view: 'compare',
      models: { first: seen(a), second: seen(b) },
      exportFolder: () => vscode.Uri.file(dirname(b.path)),
      onReady: () => {
        if (!abort) return start()
        for (const message of sent) view.post(message)
      },
      onRetry: start,
      onMessage: ({ type }) => {
        if (type !== 'tryOut') return abort?.abort()
        const columns = { a: { ...a, role: 'A' }, b: { ...b, role: 'B' } }
        return vscode.commands.executeCommand('sparsescope.tryOut', columns)
      },
      onClose: () => abort?.abort(),
    })
  }
}

function seen({ path, mask }: LabelledModel): SeenModel {
  return mask === undefined ? { path } : { path, mask }
}
