// What the choices come to: estimates, and the recipe's text.
import { Tiles } from '../shared/parts.tsx'
import { planTiles } from '../shared/planTiles.ts'
import { Problems } from './fields.tsx'
import { isComplete, plan, planProblem, settled, text } from './store.ts'

export function Outcome() {
  const runs = settled.value?.compare?.values.length ?? 1
  const estimates = plan.value && planTiles(plan.value, runs)
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
