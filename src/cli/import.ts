// `sparsescope import`: a recipe of another tool as one of ours. What has no counterpart is listed.
import { resolve } from 'node:path'
import { maxRecipeBytes, readSmallFile } from '../engine/checkpoint/smallFile.ts'
import { EngineError } from '../engine/errors.ts'
import { inRecipeThread, shortRecipe } from '../engine/run/open/recipeThread.ts'
import { importRecipe } from '../shared/recipe/foreign/importRecipe.ts'
import { printableLine } from '../shared/format/printable.ts'
import { command, runs, type CommonOptions } from './command.ts'
import { writeNew } from './writeNew.ts'

interface ImportOptions extends CommonOptions {
  out?: string
}

export const importCommand = command('import', 'convert a recipe of llm-compressor, SparseML or PERP', [
  'import recipe.yaml',
  'import sweep.yaml --out opt.prune.yaml',
])
  .argument('<file>', 'the recipe, W&B sweep or configuration')
  .option('--out <file>', 'where to write it (default: stdout)')
  .action(
    runs(async (context, path: string, options: ImportOptions) => {
      const full = resolve(path)
      const text = await readSmallFile(full, maxRecipeBytes, 'bad-recipe')
      const imported =
        text.length > shortRecipe ? await inRecipeThread('import', [text], context.signal) : importRecipe(text)
      if ('problem' in imported) throw new EngineError('bad-recipe', `${path}: ${imported.problem}`)
      for (const note of imported.notes) context.io.stderr.write(`${printableLine(`not taken over: ${note}`)}\n`)
      if (options.out === undefined) return { json: imported, text: imported.text.trimEnd() }
      await writeNew(options.out, imported.text)
      context.say(`wrote ${options.out}`)
      return { json: { ...imported, out: options.out } }
    }),
  )
