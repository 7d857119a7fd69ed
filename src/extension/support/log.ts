// The log channel, messages of failures, and text that notifications show without links.
import * as vscode from 'vscode'
import { BackendError } from '../backend/calls.ts'
import { messageOf } from '../../errors.ts'

export type Log = ReturnType<typeof createLog>

export function createLog() {
  const channel = vscode.window.createOutputChannel('SparseScope', { log: true })
  return {
    channel,
    /** Shows why a command failed, with the way to the log. A cancellation is no failure. */
    failed(error: unknown): void {
      if (isCancellation(error)) return
      const message = messageOf(error)
      channel.error(error instanceof Error && !(error instanceof BackendError) ? error : message)
      const open = vscode.l10n.t('Show Log')
      void vscode.window.showErrorMessage(plainText(message), open).then((chosen) => {
        if (chosen === open) channel.show()
      })
    },
  }
}

export function isCancellation(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof BackendError && error.code === 'cancelled')
}

/**
 * Text that looks the same and has no link. In notifications VS Code makes links of `[text](command:…)`, and a click runs the command: a
 * name or a message from an untrusted folder must not become one.
 */
export function plainText(text: string): string {
  return text.replaceAll('](', ']\u200b(')
}
