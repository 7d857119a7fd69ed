// Rules that report what the planner, or the reader of checkpoints, has found: lint adds the place in the text and the edits that fix it.
import type { Path } from '../recipe/document.ts'
import { appendItem, flowText, insertKey, remove, replaceValue } from '../recipe/edits.ts'
import type { Fix, TextEdit } from '../recipe/finding.ts'
import type { Change } from '../plan/planFinding.ts'
import type { LintContext } from './context.ts'
import type { Report, RuleFile } from './rule.ts'
import type { ModelProblem } from '../recipe/facts.ts'

export function plannedRule(name: string, about: Omit<RuleFile, 'check'>): RuleFile {
  return { ...about, check: (context) => plannedReports(context, name) }
}

export function plannedReports(context: LintContext, name: string): Report[] {
  const written = (path: Path) => writtenPath(context, path)
  return context
    .planned()
    .filter(({ rule, unwritten }) => rule === name && !(unwritten && context.isSwept(written(unwritten))))
    .map(({ path, unwritten, message, severity, from, fixes }) => ({
      at: placeOf(context, [path, ...(unwritten ? [unwritten] : [])].map(written)),
      message,
      severity,
      from: from?.map(written),
      fixes: fixes?.map((change) => fixOf(context, { ...change, path: written(change.path) })),
    }))
}

/** The path as the text has it: a single recovery needs no list. */
function writtenPath({ recoveries }: LintContext, path: Path): Path {
  const [top, index, ...rest] = path
  return top === 'recover' && typeof index === 'number' ? [...recoveries[index].path, ...rest] : path
}

/** The first path that is written; else the key of the map that the last of them would be in. */
function placeOf({ has }: LintContext, paths: readonly Path[]): Report['at'] {
  const whole = paths.find(has)
  if (whole) return whole
  let path = paths[paths.length - 1]
  while (path.length > 1 && !has(path)) path = path.slice(0, -1)
  return typeof path.at(-1) === 'number' ? path : { key: path }
}

function fixOf(context: LintContext, { path, value, append, title }: Change): Fix {
  const key = String(path.at(-1))
  const text = flowText(value)
  const shown = typeof value === 'string' ? value : text
  const does = value === undefined ? `Remove ${key}` : context.has(path) ? `Write ${shown}` : `Add ${key}: ${text}`
  return { title: title ?? does, edits: editsOf(context, { path, value, append }, key, text) }
}

function editsOf(
  { document, has }: LintContext,
  { path, value, append }: Change,
  key: string,
  text: string,
): TextEdit[] {
  if (value === undefined) return remove(document, path)
  if (!has(path)) return insertKey(document, path.slice(0, -1), key, append ? `[${text}]` : text)
  return append ? appendItem(document, path, text) : replaceValue(document, path, text)
}

/** A valid recipe, for the documentation: problems of a checkpoint show in no recipe. */
const anyRecipe = 'prune: [{sparsity: 0.3}]\nsave: {to: out}'

/** A rule about a checkpoint that cannot be used: reading it says what is wrong, the rule says why that matters. */
export function checkpointRule(problem: ModelProblem['rule'], about: Pick<RuleFile, 'id' | 'title' | 'why'>): RuleFile {
  return {
    ...about,
    severity: 'error',
    needs: 'model',
    bad: anyRecipe,
    good: anyRecipe,
    *check({ model }) {
      for (const { rule, message } of model?.problems ?? []) if (rule === problem) yield { at: ['model'], message }
    },
  }
}
