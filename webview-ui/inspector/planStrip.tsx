// The plan as a whole: its mean sparsity and how that is spread, what it is expected to cost, and what the map cannot show of it.
import { useRef, useState } from 'preact/hooks'
import { allocationOf, isMeasured } from '../../src/shared/allocations/allocations.ts'
import type { PlannedMap, PlanRule } from '../../src/shared/analysis/plannedMap.ts'
import { formatBytes } from '../../src/shared/format/byteSize.ts'
import { formatShare } from '../../src/shared/format/numbers.ts'
import { methodNames, methodOf, type MethodName } from '../../src/shared/methods/methods.ts'
import { settings } from '../shared/settings.ts'
import { host } from './host.ts'
import { Button } from '../shared/button.tsx'
import { mostSparsity, untrusted } from './plan.ts'
import { beginPlan, change, isDraft, locked, restMs } from './planStore.ts'
import { spanText } from './spanText.ts'
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
      <div class="planStrip" role="group" aria-label={`Plan of ${recipe}`}>
        <Mean plan={plan} />
        <Rule plan={plan} />
        <Method plan={plan} />
        <dl class={isDraft.value ? 'planFigures stale' : 'planFigures'}>
          <Figure name="expected error" text={errorText(plan)} />
          <Figure name="time" text={seconds && spanText(seconds)} />
          <Figure name="memory" text={memoryBytes === null ? null : formatBytes(memoryBytes)} />
        </dl>
        <Button act={() => host.post({ type: 'planBegin' })} title="Shows the recipe beside the map">
          {recipe}
        </Button>
        {locked.value.size > 0 && (
          <Button act={() => (locked.value = new Set())}>{`Unlock all (${locked.value.size})`}</Button>
        )}
      </div>
      <Said plan={plan} />
      <MaskNote />
    </>
  )
}

function Figure({ name, text }: { name: string; text: string | null }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text ?? 'not known'}</dd>
    </div>
  )
}

function errorText({ expectedError, uniformError }: PlannedMap): string | null {
  if (expectedError === null) return null
  const own = formatShare(expectedError)
  return uniformError === null ? own : `${own} (uniform: ${formatShare(uniformError)})`
}

function Mean({ plan: { mean, rule } }: { plan: PlannedMap }) {
  const [draft, setDraft] = useState<number | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const shown = draft ?? mean
  const move = (share: number) => {
    const next = Math.min(mostSparsity, Math.max(0.01, share))
    setDraft(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      change({ kind: 'spread', mean: next, rule })
      setDraft(null)
    }, restMs)
  }
  const percents = { min: 1, max: 100 * mostSparsity, disabled: !settings.value.trusted }
  return (
    <label class="planMean" title="Spreads this mean over all that are pruned; locked ones keep what they have">
      <span>Mean sparsity</span>
      <input
        type="range"
        {...percents}
        step={0.5}
        aria-label="Mean sparsity"
        aria-valuetext={`${(100 * shown).toFixed(1)} %`}
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

function ruleTitle(rule: PlanRule): string {
  switch (rule) {
    case 'error':
      return 'by error: every block loses the same'
    case 'depth':
      return 'by depth: first blocks least'
    case 'hand':
      return 'by hand, in proportion'
    default:
      return isMeasured(rule) ? `by ${allocationOf(rule).title}` : 'evenly: all alike'
  }
}

function Rule({ plan: { rule, rules, mean } }: { plan: PlannedMap }) {
  return (
    <label>
      {'Spread '}
      <select
        aria-label="Spread"
        disabled={!settings.value.trusted}
        value={rule}
        onChange={(event) => change({ kind: 'spread', mean, rule: event.currentTarget.value as PlanRule })}
      >
        {rules.map(({ rule: each, problem }) => (
          <option value={each} disabled={problem !== null && each !== rule} title={problem ?? ''}>
            {ruleTitle(each)}
          </option>
        ))}
      </select>
    </label>
  )
}

function Method({ plan: { method, pattern } }: { plan: PlannedMap }) {
  return (
    <label>
      {'Method '}
      <select
        aria-label="Method"
        disabled={!settings.value.trusted}
        value={method ?? ''}
        onChange={(event) => change({ kind: 'method', method: event.currentTarget.value as MethodName })}
      >
        {method === null && <option value="">several</option>}
        {methodNames.map((name) => (
          <option value={name}>{methodOf(name).title}</option>
        ))}
      </select>
      {pattern !== 'unstructured' && ` ${pattern ?? 'several patterns'}`}
    </label>
  )
}

/** Why rules cannot be chosen, and what the map leaves alone. */
function Said({ plan: { said, rules } }: { plan: PlannedMap }) {
  const sentences = [
    ...said,
    ...rules.flatMap(({ rule, problem }) => (problem === null ? [] : [`${ruleTitle(rule)}: ${problem}`])),
  ]
  if (sentences.length === 0) return null
  return (
    <ul class="muted planSaid">
      {sentences.map((sentence) => (
        <li>{sentence}</li>
      ))}
    </ul>
  )
}
