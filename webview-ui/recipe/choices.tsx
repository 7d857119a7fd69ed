// The three decisions, each with a default: how much time for which result, how much is pruned, and on which text.
import { formatShare, roughDuration } from '../../src/formatting/numbers.ts'
import { methodOf } from '../../src/catalog/methods/methods.ts'
import type { BrowsedFor } from '../../src/protocol/view.ts'
import { unstructured } from '../../src/recipe/defaults.ts'
import { measured, recoveryFigures, type MeasuredRecovery } from '../../src/recipe/measured.ts'
import { FormField, NumberField, TextField } from './fields.tsx'
import { patterns, presetWords } from './options.ts'
import { choosePreset, offered, type Offer } from './outcome.ts'
import { choose, form, needsText, shareOf, type Form } from './store.ts'
import { Button } from '../shared/button.tsx'

export type Browse = (use: BrowsedFor) => void

export function Choices({ browse }: { browse: Browse }) {
  const now = form.value
  if (!now) return null
  const prunes = now.choices.method !== null
  return (
    <>
      {prunes ? <Presets now={now} /> : <p>Its zeros stay as they are: the whole model is retrained around them.</p>}
      {prunes && <Sparsity now={now} />}
      <LearntFrom now={now} browse={browse} />
      <MeasuredOn now={now} browse={browse} />
    </>
  )
}

function Presets({ now: { choices } }: { now: Form }) {
  const { pattern } = choices
  const at = pattern === unstructured ? 'at 50 %' : 'at 2:4'
  const figures = offered.value.flatMap(({ preset }) => recoveryFigures(pattern, preset) ?? [])
  return (
    <>
      <div class="presets" role="radiogroup" aria-label="Time and result">
        {offered.value.map((offer) => (
          <Preset offer={offer} all={figures} pattern={pattern} />
        ))}
      </div>
      <p class="caption muted">
        Perplexity on text of another kind: <i class="stage dense" /> dense, <i class="stage pruned" /> pruned,{' '}
        <i class="stage recovered" /> recovered, as measured on {measured.model} {at}. Yours will differ.
      </p>
    </>
  )
}

interface PresetProps {
  readonly offer: Offer
  /** Figures of all presets, which share an axis. */
  readonly all: readonly MeasuredRecovery[]
  readonly pattern: string
}

function Preset({ offer: { preset, isChosen, seconds }, all, pattern }: PresetProps) {
  const { title, about, hint } = presetWords(preset, pattern)
  const figures = recoveryFigures(pattern, preset)
  const time = preset.fits ? seconds !== null && `about ${roughDuration(seconds)}` : 'too large'
  return (
    <label class={isChosen ? 'card chosen' : 'card'} title={hint}>
      <input
        type="radio"
        name="preset"
        class="srOnly"
        checked={isChosen}
        disabled={!preset.fits}
        aria-description={hint}
        onChange={() => choosePreset(preset)}
      />
      <span class="presetHead">
        <b>{title}</b> <span class="muted">{time}</span>
      </span>
      <span class="muted">{about}</span>
      {figures && <Figures figures={figures} all={all} />}
    </label>
  )
}

/** Dense, pruned and recovered perplexity on one logarithmic axis. */
function Figures({ figures: { before, after }, all }: { figures: MeasuredRecovery; all: readonly MeasuredRecovery[] }) {
  const [low, high] = [measured.dense.other, Math.max(...all.map((one) => one.before.other))]
  // Percent of the width, with room for half a number at both ends.
  const x = (value: number) => `${8 + (84 * Math.log(value / low)) / Math.log(high / low)}%`
  const marks = [
    ['dense', low, 44],
    ['pruned', before.other, 44],
    ['recovered', after.other, 12],
  ] as const
  return (
    <svg
      width="100%"
      height="50"
      role="img"
      aria-label={marks.map(([stage, value]) => `${stage} ${value.toFixed(1)}`).join(', ')}
    >
      <line x1="8%" x2="92%" y1="24" y2="24" />
      <line class="wonBack" x1={x(after.other)} x2={x(before.other)} y1="24" y2="24" />
      {marks.map(([stage, value, y]) => (
        <>
          <circle class={stage} cx={x(value)} cy="24" r="5" />
          <text class={stage} x={x(value)} y={y}>
            {value.toFixed(1)}
          </text>
        </>
      ))}
    </svg>
  )
}

function Sparsity({ now: { choices, compared } }: { now: Form }) {
  const { pattern, sparsity } = choices
  const several = compared === 'prune.0.sparsity'
  const percent = Number((100 * sparsity).toFixed(4))
  return (
    <FormField name="sparsity" label="Sparsity" hint="Share of the weights that become zero.">
      {pattern === unstructured && !several && (
        <>
          <input
            type="range"
            aria-label="Sparsity"
            min={5}
            max={95}
            step={5}
            value={percent}
            onInput={({ currentTarget }) => choose({ sparsity: shareOf(currentTarget.valueAsNumber) })}
          />
          <span>
            <NumberField id="sparsity" value={percent} onChange={(next) => choose({ sparsity: shareOf(next) })} /> %
          </span>
        </>
      )}
      {several && <span class="muted">several, as the sweep says</span>}
      {patterns.map(({ value, hint }) => (
        <Button
          look="toggle"
          title={hint}
          pressed={pattern === value}
          disabled={several}
          act={() => choose({ pattern: pattern === value ? unstructured : value })}
        >
          {value}
        </Button>
      ))}
      {pattern !== unstructured && <span class="muted">{formatShare(shareIn(pattern), 0)} of the weights</span>}
    </FormField>
  )
}

/** The sparsity of N:M, whose N of every M weights are pruned. */
function shareIn(pattern: string): number {
  const [pruned, group] = pattern.split(':').map(Number)
  return pruned / group
}

interface TextProps {
  readonly now: Form
  readonly browse: Browse
}

function LearntFrom({ now: { choices }, browse }: TextProps) {
  const { method, recoveries } = choices
  const way = recoveries.length > 0 ? 'with a merged adapter' : 'without recovery'
  const read = method === null ? 'to train on' : 'to calibrate and train on'
  const unread = method === null ? '' : `${methodOf(method).title} ${way} reads no text`
  return (
    <TextField
      use="data"
      name="data"
      label="Text"
      hint="What a method calibrates on, and what a recovery trains on."
      none="No text yet"
      note={needsText.value ? read : unread}
      browse={browse}
    />
  )
}

function MeasuredOn({ now: { choices }, browse }: TextProps) {
  const { evaluateOn, evaluationLen } = choices
  return (
    <TextField
      use="evaluateOn"
      name="evaluation"
      label="Measure on"
      hint={`Perplexity, in windows of ${evaluationLen} tokens. Choose a text that nothing is trained on.`}
      note={evaluateOn === null ? 'without one nobody learns what pruning cost' : 'not used for training'}
      browse={browse}
    />
  )
}
