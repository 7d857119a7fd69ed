// What the choices come to: estimates, and the recipe's text.
import { likelyDuration } from '../../src/shared/plan/pace.ts'
import { plural } from '../../src/shared/format/plural.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCount, formatTrained } from '../../src/shared/format/numbers.ts'
import type { PlannedText } from '../../src/shared/plan/planSummary.ts'
import { Tiles } from '../shared/parts.tsx'
import { Problems } from './fields.tsx'
import { isComplete, plan, planProblem, settled, text } from './store.ts'

export function Outcome() {
  const runs = settled.value?.compare?.values.length ?? 1
  const estimates = plan.value && tiles(plan.value, runs)
  return (
    <div class="outcome">
      <section aria-label="Estimates" aria-busy={isComplete.value && !estimates && planProblem.value === null}>
        <h2>{runs > 1 ? `Each of ${runs} runs` : 'The run'}</h2>
        {estimates ? (
          <Tiles label="Estimates" tiles={estimates} />
        ) : (
          <p class={planProblem.value === null ? 'muted' : 'problem'}>
            {planProblem.value ?? (isComplete.value ? 'Reading the model’s header…' : 'Complete the form to see it.')}
          </p>
        )}
        <Problems of="recipe" />
      </section>
      <section aria-label="Recipe">
        <h2>The recipe</h2>
        <pre class="card mono" tabindex={0}>
          {text}
        </pre>
      </section>
    </div>
  )
}

function tiles({ estimates, percentage, prunedModules, recoveries }: PlannedText, runs: number): [string, string][] {
  const { seconds, secondsToPruneAgain, pace, memoryBytes, diskBytes } = estimates
  const shown: [string, string][] = [
    [formatBytes(memoryBytes), 'memory'],
    [formatBytes(diskBytes), 'disk'],
    [formatCount(prunedModules), 'matrices pruned'],
  ]
  if (recoveries.length > 0) shown.push([formatTrained(percentage), 'trained'])
  if (seconds === null) return shown
  shown.unshift([
    likelyDuration(seconds, pace),
    pace.runs > 0 ? `time, as ${plural(pace.runs, 'run')} here took` : 'time',
  ])
  if (secondsToPruneAgain > 0)
    shown.push([likelyDuration(secondsToPruneAgain, pace), 'of it to prune once more, for a pruned perplexity'])
  if (runs > 1) shown.push([likelyDuration(seconds * runs, pace), 'time of all'])
  return shown
}
