// The documentation page of the rules, from the rules themselves.
import type { Severity } from './finding.ts'
import type { Need, Rule } from './rule.ts'
import { rules } from './rules/index.ts'

const groups: Readonly<Record<string, string>> = {
  Y: 'YAML',
  S: 'Keys and values',
  T: 'Targets',
  N: 'Sparsity and patterns',
  M: 'Data',
  R: 'Recovery',
  L: 'Training settings',
  C: 'The checkpoint',
  G: 'Resources',
  X: 'Recipes of other tools',
}

const needs: Record<Need, string> = {
  model: "the model's header and config.json",
  data: 'the data files',
  machine: 'this machine',
  output: 'the output folder',
}

const severityWords: Record<Severity, string> = {
  error: 'error',
  warning: 'warning',
  info: 'information',
  hint: 'hint',
}

/** Markdown with one `## ID: title` a rule: the heading that editors link to. */
export function rulesMarkdown(): string {
  const parts = [introduction]
  for (const [letter, title] of Object.entries(groups)) {
    parts.push(`# ${title}`, ...rules.filter((r) => r.id.startsWith(letter)).map(section))
    if (letter === 'Y') parts.push(disableSection)
    if (letter === 'X') parts.push(foreignSection)
  }
  return `${parts.join('\n\n')}\n`
}

const introduction = `# Lint rules

The same rules run in the editor and in \`sparsescope lint\`. An error keeps a recipe from running in the editor and in sweeps;
\`sparsescope run\` refuses what it cannot compute. \`lint\` exits with 3 when there is an error or a warning. Severities are settings: \`sparsescope.recipe.severities\` in the editor,
\`--severity L1=off\` on the command line. A comment disables a rule, with a reason:

\`\`\`yaml
# sparsescope-disable L1: a small model needs a larger rate
# sparsescope-disable-next-line M3: only a smoke test
\`\`\`

A task of VS Code that runs it shows its findings under Problems with \`"problemMatcher": "$prune-recipe"\`.

This page is made from the rules by \`npm run generate\`.`

function section(rule: Rule): string {
  const looks = rule.needs ? ` · looks at ${needs[rule.needs]}` : ''
  const code = (text: string) => `\`\`\`yaml\n${text}\n\`\`\``
  // What is wrong with a checkpoint shows in no recipe.
  const examples = rule.bad === rule.good ? '' : `\n\nFound:\n\n${code(rule.bad)}\n\nFine:\n\n${code(rule.good)}`
  return `## ${rule.id}: ${rule.title}\n\n${severityWords[rule.severity]}${looks}\n\n${rule.why}${examples}`
}

const disableSection = `## Y7: A disabling comment that does nothing

warning

The comment names no rule, an unknown one, or gives no reason.`

const foreignSection = `## X4: A recipe of another tool

information

Recognised by its content: llm-compressor, SparseML, or a W&B sweep of PERP. The action
"Convert to SparseScope recipe", or \`sparsescope import\`, makes a recipe of it.`
