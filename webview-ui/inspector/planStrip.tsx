// The plan as a whole: its mean sparsity and how that is spread, what it is expected to cost, and what the map cannot show of it.
import {
  allocationOf,
  defaultAllocation,
  howSpread,
  spreadsOne,
  type AllocationName,
} from '../../src/shared/allocations/allocations.ts'
import type { PlannedMap, PlanRule } from '../../src/shared/analysis/plannedMap.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatRequested, formatShare, roughDuration } from '../../src/shared/format/numbers.ts'
import { methodNames, methodOf } from '../../src/shared/methods/methods.ts'
import { unstructured } from '../../src/shared/recipe/defaults.ts'
import { measured, proposeSpread, spreadFigures } from '../../src/shared/recipe/measured.ts'
import { Select } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'
import { Button } from '../shared/button.tsx'
import { mostSparsity, untrusted } from './plan.ts'
import { beginPlan, change, drawnMean, isDraft, locked, settleSoon } from './planStore.ts'
import { model } from './store.ts'

/** In place of a plan: begins one, or says why the open recipe cannot be shown. */
export function BeginPlan({ problem }: { problem: string | null }) {
  return (
    <div class="row">
      <Button
        act={beginPlan}
        primary={!model.value?.hasMask}
        title="Opens the recipe of this model beside the map, or begins one"
        untrusted={untrusted}
      >
        {problem === null ? 'Plan pruning in a recipe' : 'Show the recipe'}
      </Button>
      {problem !== null && <span class="problem">{problem}</span>}
      <MaskNote />
    </div>
  )
}

/** Who prunes a result of a run again should know what happens to its mask. */
function MaskNote() {
  if (!model.value?.hasMask) return null
  return (
    <span class="muted maskNote">
      This checkpoint was pruned already and keeps its mask. Sparsities count the zeros that it has: a plan that is no
      higher changes little, a higher one prunes more, and what was recovered may have to be recovered again. To prune
      it otherwise, plan on the dense model.
    </span>
  )
}

export function PlanStrip({ plan }: { plan: PlannedMap }) {
  const { recipe, seconds, memoryBytes } = plan
  return (
    <>
      <div class="row planStrip" role="group" aria-label={`Plan of ${recipe}`}>
        <Mean plan={plan} />
        <Rule plan={plan} />
        <Method plan={plan} />
        <dl class={isDraft.value ? 'row planFigures stale' : 'row planFigures'}>
          <Figure name="expected error" text={errorText(plan)} />
          {seconds !== null && <Figure name="time" text={roughDuration(seconds)} />}
          {memoryBytes !== null && <Figure name="memory" text={formatBytes(memoryBytes)} />}
        </dl>
        {locked.value.size > 0 && (
          <Button act={() => (locked.value = new Set())}>{`Unlock all (${locked.value.size})`}</Button>
        )}
      </div>
      <Said plan={plan} />
      <MaskNote />
    </>
  )
}

function Figure({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  )
}

function errorText({ expectedError, uniformError }: PlannedMap): string {
  if (expectedError === null) return 'not measured yet'
  const own = formatShare(expectedError)
  return uniformError === null ? own : `${own} (uniform: ${formatShare(uniformError)})`
}

function Mean({ plan: { mean, rule } }: { plan: PlannedMap }) {
  const shown = drawnMean.value ?? mean
  const move = (share: number) =>
    settleSoon({ kind: 'spread', mean: Math.min(mostSparsity, Math.max(0.01, share)), rule })
  const percents = { min: 1, max: 100 * mostSparsity, disabled: !settings.value.trusted }
  return (
    <label class="planMean" title="Spreads this mean over all that are pruned; locked ones keep what they have">
      <span>Mean sparsity</span>
      <input
        type="range"
        {...percents}
        step={0.5}
        aria-label="Mean sparsity"
        aria-valuetext={formatRequested(Number(shown.toFixed(3)))}
        value={100 * shown}
        onInput={(event) => move(Number(event.currentTarget.value) / 100)}
        onKeyDown={(event) => {
          const sign = ['ArrowRight', 'ArrowUp'].includes(event.key)
            ? 1
            : ['ArrowLeft', 'ArrowDown'].includes(event.key)
              ? -1
              : 0
          if (sign === 0) return
          event.preventDefault()
          move(shown + (sign * (event.shiftKey ? 5 : 1)) / 100)
        }}
      />
      <input
        type="number"
        {...percents}
        step="any"
        aria-label="Mean sparsity in %"
        value={(100 * shown).toFixed(1)}
        onChange={(event) => Number(event.currentTarget.value) > 0 && move(Number(event.currentTarget.value) / 100)}
      />
      %
    </label>
  )
}

const ruleTitles: Record<string, [title: string, meaning: string]> = {
  hand: ['by hand', 'in proportion to what each has now'],
}

function ruleTitle(rule: PlanRule): [title: string, meaning: string] {
  if (rule in ruleTitles) return ruleTitles[rule]
  const name = rule as AllocationName
  return [howSpread(name), spreadsOne(name) ? allocationOf(name).about : 'all alike']
}

function Rule({ plan: { rule, rules, mean } }: { plan: PlannedMap }) {
  return (
    <Select
      before="Spread"
      label="Spread"
      title={ruleTitle(rule)[1]}
      options={rules.map(({ rule: value, problem }) => {
        const [text, meaning] = ruleTitle(value)
        return { value, text, title: problem ?? meaning, disabled: problem !== null && value !== rule }
      })}
      value={rule}
      disabled={!settings.value.trusted}
      onChoose={(next) => change({ kind: 'spread', mean, rule: next })}
    />
  )
}

const several = { value: '', text: 'several' } as const
const methodChoices = methodNames.map((value) => ({ value, text: methodOf(value).title }))

function Method({ plan: { method, pattern } }: { plan: PlannedMap }) {
  return (
    <span>
      <Select
        before="Method"
        label="Method"
        options={[...(method === null ? [several] : []), ...methodChoices]}
        value={method ?? several.value}
        disabled={!settings.value.trusted}
        onChoose={(next) => next !== several.value && change({ kind: 'method', method: next })}
      />
      {pattern !== unstructured && ` ${pattern ?? 'several patterns'}`}
    </span>
  )
}

/** The spread that was measured best at such a mean, where it is another than this. */
function BetterSpread({ plan: { rule, rules, mean, pattern } }: { plan: PlannedMap }) {
  const best = proposeSpread(mean)
  if (pattern !== unstructured || rule !== defaultAllocation || best === defaultAllocation) return null
  const { sparsity, method, spread } = spreadFigures(mean)
  const canSpread = rules.some((one) => one.rule === best && one.problem === null)
  return (
    <div class="row">
      <span>
        {`At this sparsity a spread ${howSpread(best)} keeps more: ${measured.model} with ${formatShare(sparsity, 0)} pruned by ${methodOf(method).title} has perplexity ${spread[best]} with it, and ${spread[defaultAllocation]} when all blocks are pruned alike.`}
      </span>
      {canSpread && (
        <Button act={() => change({ kind: 'spread', mean, rule: best })} look="secondary small" untrusted={untrusted}>
          {`Spread ${howSpread(best)}`}
        </Button>
      )}
    </div>
  )
}

/** What the map leaves alone; and, folded, why rules cannot be chosen yet. */
function Said({ plan }: { plan: PlannedMap }) {
  const { said, rules } = plan
  const closed = rules.filter(({ problem }) => problem !== null)
  return (
    <div class="muted planSaid">
      <BetterSpread plan={plan} />
      {said.length > 0 && <Sentences of={said} />}
      {closed.length > 0 && (
        <details>
          <summary>{`${closed.map(({ rule }) => ruleTitle(rule)[0]).join(', ')}: not yet`}</summary>
          <Sentences of={closed.map(({ rule, problem }) => `${ruleTitle(rule)[0]}: ${problem}`)} />
        </details>
      )}
    </div>
  )
}

function Sentences({ of }: { of: readonly string[] }) {
  return (
    <ul>
      {of.map((sentence) => (
        <li>{sentence}</li>
      ))}
    </ul>
  )
}
