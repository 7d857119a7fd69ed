// The three decisions, each with a default: time against quality, sparsity, and text.
import { formatShare, roughDuration } from '../../src/formatting/numbers.ts'
import { methodOf } from '../../src/catalog/methods/methods.ts'
import type { BrowsedFor } from '../../src/protocol/view.ts'
import { unstructured } from '../../src/recipe/defaults.ts'
import { measured, recoveryFigures, type MeasuredRecovery } from '../../src/recipe/measured.ts'
import type { RecipeChoices } from '../../src/recipe/writing/choices.ts'
import { FieldRow, TextField } from './fields.tsx'
import { patterns, presetWords } from './options.ts'
import { secondsOf } from './outcome.ts'
import { choose, choosePreset, form, needsText, offered, shareOf, written, type Offer } from './store.ts'
import { Button } from '../shared/button.tsx'

export type Browse = (use: BrowsedFor) => void

export function Choices({ browse }: { browse: Browse }) {
  if (!form.value) return null
  const { choices, compared } = form.value
  const { prune, recover, evaluate } = choices
  const unread = `${prune ? methodOf(prune.method).title : ''} ${recover.length > 0 ? 'with a merged adapter' : 'without recovery'} reads no text`
  const read = prune === null ? 'to train on' : 'to calibrate and train on'
  const use = evaluate.data.length > 0 ? 'not used for training' : 'without it the cost of pruning is not measured'
  return (
    <>
      {prune ? <Presets pattern={prune.pattern} /> : <p>Its zeros stay zero while the model is retrained.</p>}
      {prune && <Sparsity prune={prune} several={compared === 'prune.0.sparsity'} />}
      <TextField
        use={['calibration', 0]}
        none="No text yet"
        note={needsText.value ? read : written.value ? unread : ''}
        browse={browse}
      />
      <TextField use={['evaluate', 0]} note={use} browse={browse} />
    </>
  )
}

function Presets({ pattern }: { pattern: string }) {
  const at = pattern === unstructured ? 'at 50 %' : 'at 2:4'
  const figures = offered.value.flatMap(({ preset }) => recoveryFigures(pattern, preset) ?? [])
  return (
    <>
      <div class="presets" role="radiogroup" aria-label="Time and result">
        {offered.value.map((offer, i) => (
          <Preset offer={offer} seconds={secondsOf(i)} all={figures} pattern={pattern} />
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
  /** A rough estimate; null: unknown, or not computed yet. */
  readonly seconds: number | null
  /** Figures of all presets, which share one axis. */
  readonly all: readonly MeasuredRecovery[]
  readonly pattern: string
}

function Preset({ offer: { preset, isChosen }, seconds, all, pattern }: PresetProps) {
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
      <span class="head">
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

interface SparsityProps {
  readonly prune: NonNullable<RecipeChoices['prune']>
  /** Whether a sweep varies the sparsity. */
  readonly several: boolean
}

function Sparsity({ prune, several }: SparsityProps) {
  const { pattern, sparsity } = prune
  const percent = Number((100 * sparsity).toFixed(4))
  const choosePercent = (next: number) => choose({ prune: { ...prune, sparsity: shareOf(next) } })
  const isFree = pattern === unstructured && !several
  return (
    <FieldRow path="prune.sparsity">
      {isFree && (
        <>
          <input
            type="range"
            aria-label="Sparsity"
            min={5}
            max={95}
            step={5}
            value={percent}
            onInput={({ currentTarget }) => choosePercent(currentTarget.valueAsNumber)}
          />
          <span>
            <input
              type="number"
              id="prune.sparsity"
              aria-describedby="prune.sparsity-hint prune.sparsity-problem"
              min={1}
              max={99}
              value={Number.isFinite(percent) ? percent : ''}
              onInput={({ currentTarget }) => choosePercent(currentTarget.valueAsNumber)}
            />{' '}
            %
          </span>
        </>
      )}
      {several && <span class="muted">several, set by the sweep</span>}
      {patterns.map(({ value, hint }) => (
        <Button
          look="toggle"
          title={hint}
          pressed={pattern === value}
          disabled={several}
          act={() => choose({ prune: { ...prune, pattern: pattern === value ? unstructured : value } })}
        >
          {value}
        </Button>
      ))}
      {pattern !== unstructured && <span class="muted">{formatShare(shareIn(pattern), 0)} of the weights</span>}
    </FieldRow>
  )
}

/** The sparsity of N:M, whose N of every M weights are pruned. */
function shareIn(pattern: string): number {
  const [pruned, group] = pattern.split(':').map(Number)
  return pruned / group
}
