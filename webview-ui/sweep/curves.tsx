// The curves of the selected runs, else of all shown runs, in one picture. Losses of different units have a picture each.
import { computed } from '@preact/signals'
import { curveNames, type CurveName } from '../../src/runs/series/curves.ts'
import { Select, Smoothing } from '../shared/parts.tsx'
import { settings } from '../shared/settings.ts'
import { CurveFigure } from './curveFigure.tsx'
import { ask, choose, chosen, curves, options, ordered, whenever } from './store.ts'
import { curvePanels, curveTexts } from './curveData.ts'

const shown = computed(() => (chosen.value.length > 0 ? chosen.value : ordered.value))
const look = computed(() => {
  const { curve, curveLogX, curveLogY, smoothing } = options.value
  const name: CurveName = curve ?? 'loss'
  const smooth = smoothing ?? settings.value.smoothing
  return { name, smoothing: smooth, logX: curveLogX, logY: curveLogY ?? name !== 'accuracy' }
})
whenever(() => {
  const { name: curve, smoothing } = look.value
  return { curve, smoothing, groups: shown.value.map(({ runs }) => runs.map(({ index }) => index)) }
}, ask)

const panels = computed(() => curvePanels(shown.value, look.value.name))
/** Whether the curves need several pictures. Each is then lower, and the scatter plot beside them is taller. */
export const isTall = computed(() => panels.value.length > 1)

export function CurvesCard() {
  const { name, smoothing, logX, logY } = look.value
  const { data, isWhole } = curves.value
  return (
    <section class="card">
      <div class="row choices">
        <h2 class="chartTitle">Curves</h2>
        <Select
          label="Which curves"
          options={curveNames.map((value) => ({ value, text: curveTexts[value].title }))}
          value={name}
          onChoose={(curve) => choose({ curve, curveLogY: null })}
        />
        {name === 'loss' && <Smoothing value={smoothing} choose={(to) => choose({ smoothing: to })} />}
      </div>
      {panels.value.map(({ text, shown: own }) => (
        <CurveFigure
          key={text.title}
          text={
            name === 'loss' && smoothing > 0
              ? { ...text, yLabel: `${text.yLabel}, smoothed ${smoothing.toFixed(2)}` }
              : text
          }
          entries={own.map(({ entry }) => entry)}
          data={own.flatMap(({ at }) => data.at(at) ?? [])}
          version={curves.value}
          height={isTall.value ? 190 : 250}
          isWhole={isWhole}
          look={{ logX, logY }}
          onLook={(next) => choose({ curveLogX: next.logX, curveLogY: next.logY })}
        />
      ))}
      {panels.value.length === 0 && <p class="empty">No run here trains anything, so there is no loss.</p>}
    </section>
  )
}
