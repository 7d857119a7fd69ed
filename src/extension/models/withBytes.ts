// The notification of bytes that are fetched, sent or written: how far it is, and a way to stop it.
import * as vscode from 'vscode'
import { formatBytes } from '../../formatting/numbers.ts'
import type { PullProgress } from '../../protocol/rpc.ts'

interface Options {
  signal: AbortSignal
  onProgress: (progress: PullProgress) => void
}

export function withBytes<T>(title: string, work: (options: Options) => Promise<T>): Thenable<T> {
  const shape = { location: vscode.ProgressLocation.Notification, title, cancellable: true }
  return vscode.window.withProgress(shape, (progress, token) => {
    const abort = new AbortController()
    token.onCancellationRequested(() => abort.abort())
    let shown = 0
    const onProgress = ({ have, total }: PullProgress) => {
      const percent = total > 0 ? (100 * have) / total : 0
      const message = vscode.l10n.t('{0} of {1}', formatBytes(have), formatBytes(total))
      progress.report({ increment: Math.max(0, percent - shown), message })
      shown = Math.max(shown, percent)
    }
    return work({ signal: abort.signal, onProgress })
  })
}
