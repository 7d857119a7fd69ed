// The documentation page of the rules, from the rules themselves.
import type { Severity } from '../src/recipe/finding.ts'
import { topics, type Need, type Rule } from '../src/lint/rule.ts'
import { rules } from '../src/lint/lint.ts'

const needs: Record<Need, string> = {
  text: 'the text as it is written',
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

/** Markdown with one `## name (short id): title` per rule, the heading that editors link to, and an anchor for each of the two. */
export function rulesMarkdown(): string {
  const parts = Object.entries(topics).flatMap(([letter, title]) => [
    `# ${title}`,
    ...rules.filter(({ topic }) => topic === letter).map(section),
  ])
  return `${[introduction, ...parts].join('\n\n')}\n`
}

const introduction = `# Lint rules

The same rules run in the editor and in \`sparsescope lint\`. An error keeps a recipe from running in the editor and in sweeps;
\`sparsescope run\` refuses what it cannot compute. \`lint\` exits with 3 when there is an error or a warning. Severities are settings:
\`sparsescope.recipe.severities\` in the editor, \`--severity lr-off-grid=off\` on the command line. A comment disables a rule, with a
reason. The older short ids, such as \`L1\`, work everywhere in place of a name.

\`\`\`yaml
# sparsescope-disable lr-off-grid: a small model needs a larger rate
# sparsescope-disable-next-line few-samples: only a smoke test
\`\`\`

A VS Code task that runs \`sparsescope lint\` shows its findings under Problems with \`"problemMatcher": "$prune-recipe"\`.

This page is made from the rules by \`npm run generate\`.`

function section({ name, alias, title, severity, needs: need, why, bad, good }: Rule): string {
  const words = name === alias ? [name] : [name, alias]
  const anchors = words.map((word) => `<a id="${word.toLowerCase()}"></a>`).join('')
  const heading = `## ${name}${name === alias ? '' : ` (${alias})`}: ${title}`
  const looks = need ? ` · looks at ${needs[need]}` : ''
  const code = (text: string) => `\`\`\`yaml\n${text}\n\`\`\``
  // Rules about a checkpoint have no example: its problems show in no recipe.
  const examples = bad === good ? '' : `\n\nFound:\n\n${code(bad)}\n\nFine:\n\n${code(good)}`
  return `${anchors}\n\n${heading}\n\n${severityWords[severity]}${looks}\n\n${why}${examples}`
}
