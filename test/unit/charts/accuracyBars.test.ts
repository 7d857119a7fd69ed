import assert from 'node:assert/strict'
import { accuracyBars } from '../../../src/charts/accuracyBars.ts'
import type { ChartedRun } from '../../../src/charts/runCharts.ts'
import type { Shape } from '../../../src/charts/shape.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import type { Stage } from '../../../src/catalog/stages.ts'
import { emptyPicture, foldEvents } from '../../../src/runs/series/foldRun.ts'

const measured = (stage: Stage, entry: number, acc: number, stderr: number | null = 0.02): RunEvent => {
  const task = (['arc_easy', 'piqa'] as const)[entry]
  return { t: 0, type: 'eval', stage, entry, task, data: `${task}.jsonl`, acc, stderr }
}
const run = (index: number, ...events: RunEvent[]): ChartedRun => {
  return { label: `run ${index}`, index, picture: foldEvents(emptyPicture(), events) }
}
function all({ children }: Shape, of: string): Shape[] {
  const shapes = children.flatMap((child) => (typeof child === 'string' ? [] : [child]))
  return shapes.flatMap((child) => [...(child.tag === of ? [child] : []), ...all(child, of)])
}
/** Bars with their titles, in order. */
function barsOf(runs: ChartedRun[]) {
  const picture = accuracyBars(runs)
  assert.ok(picture)
  return all(picture, 'rect').flatMap(({ attributes, children }) => {
    const [title] = children
    return typeof title === 'object'
      ? [{ title: String(title.children[0]), height: Number(attributes.height), y: Number(attributes.y) }]
      : []
  })
}

describe('the bars of accuracies', () => {
  const stages = [0.6, 0.4, 0.5].flatMap((acc, i) =>
    [0, 1].map((entry) => measured((['dense', 'pruned', 'recovered'] as const)[i], entry, acc + 0.1 * entry)),
  )

  it('show each task and the mean at each stage, from 0', () => {
    const bars = barsOf([run(0, ...stages)])
    assert.deepEqual(
      bars.map(({ title }) => title),
      ['arc_easy', 'piqa', 'mean'].flatMap((task, t) =>
        [0.6, 0.4, 0.5].map(
          (acc, i) =>
            `${task}, ${['dense', 'pruned', 'recovered'][i]}: ${(100 * (acc + [0, 0.1, 0.05][t])).toFixed(1)} % ± ${t < 2 ? '2.0' : '1.4'}`,
        ),
      ),
    )
    assert.ok(Math.abs(bars[0].height / bars[1].height - 0.6 / 0.4) < 1e-9)
    const base = bars[0].y + bars[0].height
    for (const { y, height } of bars) assert.ok(Math.abs(y + height - base) < 1e-9)
  })

  it('show no mean of one task, and no standard error of one row', () => {
    const picture = accuracyBars([run(0, measured('dense', 0, 1, null))])
    assert.ok(picture)
    assert.equal(all(picture, 'path').length, 0)
    assert.deepEqual(
      barsOf([run(0, measured('dense', 0, 1, null))]).map(({ title }) => title),
      ['arc_easy, dense: 100.0 %'],
    )
  })

  it('are apart for several runs, without a mean over fewer tasks', () => {
    const titles = barsOf([run(0, ...stages), run(1, measured('pruned', 0, 0.3))]).map(({ title }) => title)
    assert.equal(titles.filter((title) => title.includes('run 1')).join(), 'arc_easy, run 1, pruned: 30.0 % ± 2.0')
    assert.equal(titles.length, 10)
  })

  it('are absent without accuracies, and show names as text', () => {
    assert.equal(accuracyBars([run(0)]), null)
    const picture = accuracyBars([{ ...run(0, ...stages), label: '<b>' }, run(1, ...stages)])
    assert.ok(picture && all(picture, 'b').length === 0)
  })
})
