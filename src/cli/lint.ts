// `sparsescope lint`: the rules of the editor, for the command line and for CI.
import { dirname, resolve } from 'node:path'
import { maxRecipeBytes, readSmallFile } from '../engine/checkpoint/regularFile.ts'
import { EngineError } from '../engine/errors.ts'
import { findingsOf } from '../engine/facts/recipeFacts.ts'
import { doJob } from '../engine/run/open/recipeThread.ts'
import { type Finding, findingLine, type Severity } from '../recipe/finding.ts'
import { findRule } from '../lint/lint.ts'
import { command, type CommonOptions, runs } from './command.ts'
import { collect } from './options.ts'
import { plural } from '../formatting/numbers.ts'
import { recipeJsonSchema } from '../recipe/jsonSchema.ts'

interface LintOptions extends CommonOptions {
  severity?: string[]
}

const severities: readonly string[] = ['error', 'warning', 'info', 'hint', 'off']

export const lintCommand = command('lint', 'check recipes without running them', [
  'lint opt.prune.yaml',
  'lint --json recipes/*.prune.yaml',
  'lint --severity lr-off-grid=off --severity few-samples=error opt.prune.yaml',
])
  .argument('<recipe...>', 'recipes (*.prune.yaml)')
  .option('--severity <rule=severity>', 'error, warning, info, hint or off for a rule; may be repeated', collect, [])
  .action(
    runs(async (context, paths: string[], options: LintOptions) => {
      const overrides = parseSeverities(options.severity ?? [])
      const findings: (Finding & { file: string })[] = []
      for (const path of paths) {
        if (context.signal.aborted) throw new EngineError('cancelled', 'cancelled')
        const full = resolve(path)
        const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
        const options = { folder: dirname(full), severities: overrides }
        const found = await doJob('lint', findingsOf, [text, options], text.length, context.signal)
        for (const finding of found) findings.push({ file: path, ...finding })
      }
      const counted = findings.filter((f) => f.severity === 'error' || f.severity === 'warning')
      return {
        json: { findings },
        text: [...findings.map(findingLine), summary(paths.length, findings)].join('\n'),
        exitCode: counted.length > 0 ? 3 : 0,
      }
    }),
  )

function parseSeverities(settings: readonly string[]): Record<string, Severity | 'off'> {
  const overrides: Record<string, Severity | 'off'> = {}
  for (const setting of settings) {
    const [, rule = '', severity = ''] = /^([^=]*)=(.*)$/s.exec(setting) ?? []
    const isRule = findRule(rule) !== null
    if (!isRule || !severities.includes(severity)) {
      const known = isRule ? severities.join(', ') : 'a rule of docs/rules.md, such as lr-off-grid'
      throw new EngineError('usage', `--severity ${setting}: expected RULE=SEVERITY with ${known}`)
    }
    overrides[rule] = severity as Severity | 'off'
  }
  return overrides
}

function summary(recipes: number, findings: readonly Finding[]): string {
  const what = plural(recipes, 'recipe')
  if (findings.length === 0) return `${what}: no findings`
  const count = (severity: Severity) => findings.filter((f) => f.severity === severity).length
  const parts = (['error', 'warning', 'info', 'hint'] as const).flatMap((s) =>
    count(s) > 0 ? [plural(count(s), s, s === 'info' ? s : `${s}s`)] : [],
  )
  return `${what}: ${parts.join(', ')}`
}

// `sparsescope schema`: the recipe's JSON Schema, for other editors and for CI.
export const schemaCommand = command('schema', 'print the JSON Schema of recipes', [
  'schema > prune-recipe-1.schema.json',
]).action(
  runs(async () => {
    const schema = recipeJsonSchema()
    return { json: schema, text: JSON.stringify(schema, null, 2) }
  }),
)
