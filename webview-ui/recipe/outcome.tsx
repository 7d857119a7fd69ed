// What the choices come to: estimates, and the recipe's text.
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatCount, formatDuration, formatTrained } from '../../src/shared/format/numbers.ts'
import type { PlannedText } from '../../src/shared/plan/planSummary.ts'
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
          <ul class="tiles">
            {estimates.map(([value, name]) => (
              <li>
                <b>{value}</b>
                <span class="muted">{name}</span>
              </li>
            ))}
          </ul>
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
  const { seconds, memoryBytes, diskBytes } = estimates
  const shown: [string, string][] = [
    [formatBytes(memoryBytes), 'memory'],
    [formatBytes(diskBytes), 'disk'],
    [formatCount(prunedModules), 'matrices pruned'],
  ]
  if (recoveries.length > 0) shown.push([formatTrained(percentage), 'trained'])
  if (seconds !== null) shown.unshift([formatDuration(seconds), 'time'])
  if (seconds !== null && runs > 1) shown.push([formatDuration(seconds * runs), 'time of all'])
  return shown
}
