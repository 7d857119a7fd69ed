// sparsescope run: runs a recipe, or with --dry-run prints its plan.
import { relative } from 'node:path'
import { defaultSaveFormat, saveFormats } from '../recipe/settings/save.ts'
import { EngineError } from '../engine/errors.ts'
import { planOfRecipe } from '../engine/run/open/dryRun.ts'
import { type RunOptions, runRecipe } from '../engine/run/runRecipe.ts'
import { runFolderAt } from '../runs/folder/runFolder.ts'
import { summaryText } from '../engine/run/report/summaryTable.ts'
import type { RunReport } from '../engine/run/report/report.ts'
import type { RunEvent } from '../runs/series/events.ts'
import { planText } from '../plan/planText.ts'
import { eventLine } from '../runs/series/eventLine.ts'
import { command, type CommonOptions, type Context, type Outcome, runs } from './command.ts'
import { version } from '../system/version.ts'
import { askedMemory, collect, memoryBytes, memoryOption, precisionOption, type PrecisionOptions } from './options.ts'
import { openBackend } from '../engine/compute/open.ts'
import { createRunProgress } from './screen.ts'

interface RunCommandOptions extends CommonOptions, PrecisionOptions {
  set: string[]
  memory?: string
  resume?: string
  dryRun?: boolean
}

export const runCommand = command('run', 'prune and recover a model as a recipe says', [
  'run wanda.prune.yaml',
  'run wanda.prune.yaml --set prune.0.sparsity=0.6 --set recover.steps=200',
  'run wanda.prune.yaml --dry-run',
  'run --resume .sparsescope/runs/20261125-020304-wanda',
])
  .argument('[recipe]', 'a *.prune.yaml; may be left out with --resume')
  .option('--set <path=value>', 'replace a value of the recipe; may be repeated', collect, [])
  .addOption(precisionOption("the recipe's"))
  .addOption(memoryOption())
  .option('--resume <run>', 'continue a run that was killed or cancelled')
  .option('--dry-run', 'print the plan: modules, trainable set, memory, disk, time')
  .action(
    runs(async (context, recipe: string | undefined, options: RunCommandOptions): Promise<Outcome> => {
      const settings = options.precision ? [...options.set, `precision=${options.precision}`] : options.set
      if (options.dryRun) {
        context.refuseIdle(['--resume'], 'runs the rest of a run, --dry-run runs nothing: remove one of them')
        if (recipe === undefined) throw new EngineError('usage', '--dry-run needs a recipe')
        const plan = await planOfRecipe(recipe, settings, memoryBytes(options.memory), context.signal)
        if (plan.errors.length > 0) throw new EngineError('bad-recipe', `${recipe}: ${plan.errors.join(' ')}`)
        return { json: plan, text: planText(plan) }
      }
      const report = await runRecipe({
        ...runOptions(context, options),
        ...{ recipe, settings, resume: options.resume },
        memoryBytes: askedMemory(options.memory),
        onFolder: (path) => context.say(`run folder: ${shortPath(path)}`),
      })
      return { json: report, text: reportText(report, context.columns) }
    }),
  )

/** Prints events as they arrive; the bar shows phases, and the report shows the end. */
export function showEvent(context: Context, event: RunEvent): void {
  if (event.type === 'end' && event.message) context.io.sayOnLeaving(event.message)
  const line = event.type === 'phase' || event.type === 'end' ? null : eventLine(event, shortPath)
  if (line !== null) context.say(line)
}

export function reportText(report: RunReport, columns?: number): string {
  const lines = ['', summaryText(report, columns), '']
  if (report.output !== null)
    lines.push(
      `Saved to ${shortPath(report.output)}: ${saveFormats[report.recipe.save?.format ?? defaultSaveFormat].result}`,
      ...(report.gguf_output === null ? [] : [`For llama.cpp: ${shortPath(report.gguf_output)}`]),
    )
  lines.push(`Report: ${shortPath(runFolderAt(report.run).page)}`)
  return lines.join('\n')
}

export function shortPath(path: string): string {
  const near = relative(process.cwd(), path)
  return near !== '' && !near.startsWith('..') ? near : path
}

/** What every command gives its run: the version, the device, the signal and callbacks for events. `show` prints events for people. */
export function runOptions(
  context: Context,
  device: CommonOptions & { readonly threads?: number },
  show: (context: Context, event: RunEvent) => void = showEvent,
): Pick<RunOptions, 'version' | 'openBackend' | 'signal' | 'onWait' | 'onEvent'> {
  const progress = createRunProgress(context.progress)
  return {
    version,
    openBackend: () => openBackend(device),
    signal: context.signal,
    onWait: context.say,
    onEvent(event) {
      progress(event)
      show(context, event)
    },
  }
}
