// `sparsescope export`: the pruning steps of a recipe for llm-compressor. What has no counterpart is listed.
import { readRecipe } from '../engine/run/open/readRecipe.ts'
import { exportToLlmCompressor } from '../shared/recipe/foreign/exportRecipe.ts'
import { printableLine } from '../shared/format/printable.ts'
import { command, runs, type CommonOptions } from './command.ts'
import { writeNew } from './writeNew.ts'

interface ExportOptions extends CommonOptions {
  out?: string
}

export const exportCommand = command('export', 'write the pruning steps of a recipe for llm-compressor', [
  'export opt.prune.yaml',
  'export opt.prune.yaml --out recipe.yaml',
])
  .argument('<recipe>', 'a recipe (*.prune.yaml)')
  .option('--out <file>', 'where to write it (default: stdout)')
  .action(
    runs(async (context, path: string, options: ExportOptions) => {
      const { recipe } = await readRecipe(path, [], context.signal)
      const exported = exportToLlmCompressor(recipe)
      for (const lost of exported.lost) context.io.stderr.write(`${printableLine(`not in the export: ${lost}`)}\n`)
      if (options.out === undefined) return { json: exported, text: exported.text.trimEnd() }
      await writeNew(options.out, exported.text)
      context.say(`wrote ${options.out}`)
      return { json: { ...exported, out: options.out } }
    }),
  )
