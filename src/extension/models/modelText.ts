// A checkpoint in one line, for trees and lists, and in a few for tooltips.
import * as vscode from 'vscode'
import { formatBytes, formatCompact, formatShare } from '../../formatting/numbers.ts'
import type { ModelFacts } from '../support/factsThread.ts'
import type { ModelEntry } from './models.ts'

const t = vscode.l10n.t

/** `3.8 MB · BF16 · 70.0 % zeros`; a sparsity that nobody counted is left out. */
export function factsLine({ hint, facts }: Pick<ModelEntry, 'hint' | 'facts'>): string {
  const parts =
    facts === null ? [t('open to read')] : typeof facts === 'string' ? [t('cannot be read')] : partsOf(facts)
  return [hint, ...parts].filter(Boolean).join(' · ')
}

function partsOf({ bytes, dtypes, sparsity, problem }: ModelFacts): string[] {
  const zeros = sparsity === null ? [] : [t('{0} zeros', formatShare(sparsity))]
  const part = problem === null ? [] : [t('opens in part')]
  return [...part, formatBytes(bytes), ...dtypes.slice(0, 1), ...zeros]
}

/** Plain text: names of files and folders are anybody's. */
export function factsTooltip({ uri, revision, facts }: ModelEntry): string {
  const lines = [uri.fsPath]
  if (revision) lines.push(t('Revision {0}', revision))
  if (facts === null) return [...lines, t('Its header is long, and is read when the model is opened.')].join('\n')
  if (typeof facts === 'string') return [...lines, facts].join('\n')
  if (facts.problem !== null) lines.push(facts.problem)
  lines.push(
    t('{0} parameters, {1}, {2}', formatCompact(facts.parameters), formatBytes(facts.bytes), facts.dtypes.join(', ')),
  )
  lines.push(
    facts.sparsity === null
      ? t('Sparsity: not counted yet; the inspector counts it.')
      : t('{0} of the weights inside the blocks are zero', formatShare(facts.sparsity)),
  )
  return lines.join('\n')
}
