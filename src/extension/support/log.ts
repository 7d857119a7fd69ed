// The log channel, and how failures reach the person: those they asked for are shown, the rest is logged.
import * as vscode from 'vscode'
import { BackendError } from '../backend/calls.ts'
import { messageOf } from '../../errors.ts'
import { plainText } from './plainText.ts'

export interface Log {
  channel: vscode.LogOutputChannel
  /** Shows why a command failed, with the way to the log. A cancellation is no failure. */
  failed(error: unknown): void
}

export function createLog(): Log {
  const channel = vscode.window.createOutputChannel('SparseScope', { log: true })
  return {
    channel,
    failed(error) {
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
