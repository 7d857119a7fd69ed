// Results of inspectors are kept: the tree of models shows the sparsities that were counted, and
// the walkthrough ticks off what was seen.
import type * as vscode from 'vscode'
import { linearSparsity, stampOf, type KnownSparsity } from '../models/knownSparsity.ts'
import { reached } from '../support/milestones.ts'
import type { InspectorEditors } from './inspectorEditor.ts'

export function noteInspections(
  inspectors: InspectorEditors,
  known: KnownSparsity,
  changed: () => void,
): vscode.Disposable {
  return inspectors.onEvent(async ({ session, type }) => {
    if (type === 'model') reached('open')
    if (type === 'selected') reached('look')
    if (type !== 'scanEnd') return
    const found = await session.known().catch(() => null)
    const sparsity = found && linearSparsity(found.model, new Map(found.stats.map((s) => [s.name, s])))
    if (sparsity === null) return
    await known.set(session.path, await stampOf(session.path), sparsity)
    changed()
  })
}
