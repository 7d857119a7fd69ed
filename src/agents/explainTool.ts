// explain_recipe: what a recipe would do, what is wrong with it and how to fix that, what it costs.
import * as z from 'zod'
import { plural } from '../formatting/numbers.ts'
import { planText } from '../plan/planText.ts'
import { planRecipe } from '../plan/planRecipe.ts'
import { findingLine } from '../recipe/finding.ts'
import { fromLine, recipePath, defineTool } from './tool.ts'
import { lintGiven, readGiven } from './prepareRun.ts'

export const explainTool = defineTool({
  name: 'explain_recipe',
  title: 'Explain Recipe',
  about: 'Says what a recipe would do: its plan, memory and time, and all findings of the linter with their fixes.',
  when: 'Use it on every recipe before it is run or shown to a person, and after every change. It computes nothing and writes nothing. Not for other YAML files.',
  icon: '$(checklist)',
  needsTrust: false,
  input: z.strictObject({
    recipe: recipePath,
    text: z.string().optional().describe('A recipe that is not saved yet, as if this were the file.'),
    from_line: fromLine,
  }),
  async run({ recipe, text }, { roots }) {
    const given = await readGiven({ recipe, text }, roots)
    const { context, facts, findings } = await lintGiven(given, roots)
    const found = findings.flatMap((finding) => [
      findingLine({ file: recipe, ...finding }),
      ...finding.fixes.map(({ title }) => `  fix: ${title}`),
    ])
    const summary = found.length === 0 ? 'No findings.' : `${plural(findings.length, 'finding')}:`
    const plan = facts?.model?.modelConfig && planText(planRecipe(recipe, context.resolved, facts, []))
    return [...(plan ? [plan, ''] : []), summary, ...found].join('\n')
  },
})
