// run_recipe: prunes and recovers a model as a recipe says. The host of the tools asks a person first, or has permission.
import * as z from 'zod'
import { EngineError } from '../engine/errors.ts'
import { recipePath, defineTool } from './tool.ts'
import { prepareRun } from './prepareRun.ts'
import { resultsOf } from './resultsTool.ts'

export const runInput = z.strictObject({
  recipe: recipePath,
  text: z
    .string()
    .optional()
    .describe('A recipe that is not saved yet: it is written to that file, and never replaces one.'),
  settings: z
    .array(z.string())
    .max(20)
    .optional()
    .describe('Values that replace those of the recipe, as path=value: recover.steps=50.'),
})

export const runTool = defineTool({
  name: 'run_recipe',
  title: 'Run Recipe',
  about: 'Runs a recipe: prunes a model, recovers it, measures it, and saves the result to a new folder.',
  when: 'Use it only when a person wants the run, after explain_recipe found no errors and showed time and memory. It takes minutes to hours and much memory, and writes a new model. A trial on few windows is a run too, and needs the same consent. Not to check a recipe: explain_recipe is the dry run.',
  icon: '$(play)',
  needsTrust: true,
  input: runInput,
  async run(input, { roots, host, signal, say }) {
    if (typeof host.run === 'string') throw new EngineError('usage', host.run)
    const folder = await host.run(await prepareRun(input, roots, true), { signal, say })
    return resultsOf([await roots.place(folder)], roots, signal)
  },
})
