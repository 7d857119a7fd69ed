// Estimates of a run, shown above the recipe and beside its lines.
import { isMap } from 'yaml'
import { InlayHintKind } from 'vscode-languageserver/node'
import type { CodeLens, InlayHint } from 'vscode-languageserver/node'
import type { RecoverySummary } from '../../plan/planSummary.ts'
import type { Path, RecipeDocument } from '../../recipe/document.ts'
import type { Position } from '../../recipe/finding.ts'
import { formatBytes, formatCompact, formatTrained, plural, roughDuration } from '../../formatting/numbers.ts'
import { isPrunable } from '../../recipe/facts.ts'
import type { Analysis } from '../analyses.ts'

/** `24 runs`, `~3 h`, `~12 GB on disk`: summary of a sweep; empty without one. */
function sweepFacts({ sweep }: Analysis): string[] {
  if (!sweep) return []
  const { numRuns, seconds, diskBytes } = sweep
  return [
    plural(numRuns, 'run'),
    ...(seconds === null ? [] : [`~${roughDuration(seconds)}`]),
    ...(diskBytes > 0 ? [`~${formatBytes(diskBytes)} on disk`] : []),
  ]
}

/** `Run · Dry run · 72 of 75 modules · 0.015 % trainable · ~1.9 GiB · ~8 min` */
export function codeLenses(uri: string, analysis: Analysis): CodeLens[] {
  const { plan, context, document, findings } = analysis
  if (!context.has(['version'])) return []
  const range = document.rangeOf(['version'], 'key')
  const lens = (title: string, command: string): CodeLens => ({ range, command: { title, command, arguments: [uri] } })
  const isSound = findings.every(({ severity }) => severity !== 'error')
  const sweep = sweepFacts(analysis)
  if (sweep.length > 0 && isSound)
    return ['$(play) Run Sweep', ...sweep].map((title) => lens(title, 'sparsescope.runSweep'))
  const lenses = [lens('$(play) Run', 'sparsescope.runRecipe'), lens('Dry run', 'sparsescope.dryRun')]
  // A recipe with errors cannot run: an estimate would be meaningless.
  if (!plan || !isSound) return lenses
  const modules = new Set(plan.rows.filter((r) => r.role === 'linear' || r.role === 'head').map((r) => r.name)).size
  const facts = [
    plan.prunedModules > 0 ? `${plan.prunedModules} of ${modules} modules` : null,
    plan.recoveries
      .filter(({ train }) => train.length > 0)
      .map(trainedShare)
      .join(' → ') || null,
    `~${formatBytes(plan.estimates.memoryBytes)}`,
    plan.estimates.seconds === null ? null : `~${roughDuration(plan.estimates.seconds)}`,
  ]
  return [...lenses, ...facts.filter((f) => f !== null).map((title) => lens(title, 'sparsescope.showTrainable'))]
}

function trainedShare({ percentage }: RecoverySummary): string {
  const share = formatTrained(percentage, percentage >= 10 ? 3 : 2)
  return percentage > 100 ? `trains ${share} the model` : `${share} trainable`
}

export function inlayHints(analysis: Analysis): InlayHint[] {
  const { context, facts, plan, document } = analysis
  const hints: InlayHint[] = []
  const add = (path: Path, label: string) => {
    hints.push({ position: afterValue(document, path), label, kind: InlayHintKind.Type, paddingLeft: true })
  }
  for (const { path, matcher } of context.entries) {
    if (!facts?.model?.modelConfig) break
    const found = context.matched(matcher.entry).filter(isPrunable)
    const weights = found.reduce((n, m) => n + m.rows * m.columns, 0)
    add(path, [plural(found.length, 'module'), ...(weights > 0 ? [formatCompact(weights)] : [])].join(', '))
  }
  const written = (path: Path) => context.get(path) !== undefined
  for (const [i, { path }] of context.recoveries.entries()) {
    const recovery = plan?.recoveries.at(i)
    const at = [...path, 'train']
    if (recovery && recovery.train.length > 0 && written(at))
      add(at, `${formatCompact(recovery.trainable)} numbers, ${trainedShare(recovery)}`)
  }
  const sweep = sweepFacts(analysis)
  if (sweep.length > 0) add(['sweep'], sweep.join(', '))
  if (plan && written(['save', 'to'])) add(['save', 'to'], `~${formatBytes(plan.estimates.diskBytes)}`)
  return hints
}

/** The end of a value. For a map or a key without a value, the end of the key's line, because a hint before it would split the line. */
function afterValue(document: RecipeDocument, path: Path): Position {
  const { end } = document.rangeOf(path)
  const { line, character } = document.rangeOf(path, 'key').end
  const isKey = end.line === line && end.character === character
  if (!isKey && !isMap(document.nodeAt(path))) return end
  const text = document.text.split('\n', line + 1)[line]
  return { line, character: text.trimEnd().length }
}
