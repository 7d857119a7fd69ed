// What a person has done with success, as context keys: steps of the walkthrough are ticked off by them.
import * as vscode from 'vscode'
import type { Milestone } from '../contributions.ts'

export function reached(milestone: Milestone): void {
  void vscode.commands.executeCommand('setContext', `sparsescope.did.${milestone}`, true)
}
