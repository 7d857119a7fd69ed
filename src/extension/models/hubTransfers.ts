// "Pull from the Hub…": downloads a model after the user has confirmed its name, with a notification that shows the progress.
import * as vscode from 'vscode'
import { isHubName, parseHubName } from '../../engine/checkpoint/hubCache.ts'
import { formatBytes } from '../../formatting/numbers.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../../errors.ts'
import type { PullProgress } from '../../protocol/rpc.ts'

const t = vscode.l10n.t

/** `given`: a name to start with. Returns the folder of the model; undefined: cancelled. */
export async function pullModel({ call }: Services, given: string): Promise<string | undefined> {
  const title = t('Pull from the Hub')
  const prompt = t(
    "Name of the model: org/name or org/name@revision. SparseScope downloads it into the Hub's cache on this machine.",
  )
  const typed = await vscode.window.showInputBox({
    ...{ title, prompt, placeHolder: 'facebook/opt-125m', ignoreFocusOut: true, validateInput: problemOf },
    value: isHubName(given) ? given.slice(3) : given,
  })
  const name = typed?.trim()
  if (!name) return undefined
  const { folder } = await withBytes(t('Pulling {0}', name), (options) => call('pull', { name }, options))
  return folder
}

function problemOf(text: string): string | undefined {
  if (text.trim() === '') return undefined
  try {
    parseHubName(text.trim())
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}

interface Options {
  signal: AbortSignal
  onProgress: (progress: PullProgress) => void
}

/** Runs `work` with a notification that shows the bytes fetched or written so far and can cancel it. */
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
