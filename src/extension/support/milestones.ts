// Sets context keys for what a person has done with success: they tick off steps of the walkthrough.
import * as vscode from 'vscode'
import type { Milestone } from '../contributions.ts'

export function reached(milestone: Milestone): void {
  void vscode.commands.executeCommand('setContext', `sparsescope.did.${milestone}`, true)
}
