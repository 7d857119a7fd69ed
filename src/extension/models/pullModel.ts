// "Pull from the Hub…": the one thing of the extension that downloads, and only after a person has confirmed the name.
import * as vscode from 'vscode'
import { isHubName, parseHubName } from '../../engine/checkpoint/hubCache.ts'
import { formatBytes } from '../../shared/format/byteSize.ts'
import type { Services } from '../services.ts'
import { messageOf } from '../support/log.ts'

const t = vscode.l10n.t

/** `given`: a name to start with. Returns the folder of what came; undefined when the person leaves. */
export async function pullModel({ call }: Services, given: string): Promise<string | undefined> {
  const typed = await vscode.window.showInputBox({
    title: t('Pull from the Hub'),
    prompt: t("A model's name, org/name or org/name@revision. It is downloaded into the Hub's cache on this machine."),
    placeHolder: 'facebook/opt-125m',
    value: isHubName(given) ? given.slice(3) : given,
    ignoreFocusOut: true,
    validateInput: problemOf,
  })
  if (!typed) return undefined
  const name = typed.trim()
  const options = { location: vscode.ProgressLocation.Notification, title: t('Pulling {0}', name), cancellable: true }
  const { folder } = await vscode.window.withProgress(options, (progress, token) => {
    const abort = new AbortController()
    token.onCancellationRequested(() => abort.abort())
    let shown = 0
    const onProgress = ({ have, total }: { have: number; total: number }) => {
      const percent = total > 0 ? (100 * have) / total : 0
      const message = t('{0} of {1}', formatBytes(have), formatBytes(total))
      progress.report({ increment: Math.max(0, percent - shown), message })
      shown = Math.max(shown, percent)
    }
    return call('pull', { name }, { signal: abort.signal, onProgress })
  })
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
