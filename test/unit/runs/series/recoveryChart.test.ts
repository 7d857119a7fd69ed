import assert from 'node:assert/strict'
import { drawRecoveryChart, recoveryFigure } from '../../../../src/charts/drawRecoveryChart.ts'
import { textWidth } from '../../../../src/charts/layout.ts'
import { stageColours } from '../../../../src/charts/chartData.ts'
import { paperInk } from '../../../../src/charts/drawChart.ts'
import { shapeText } from '../../../../src/charts/shape.ts'
import type { NewRunEvent, PlannedStages } from '../../../../src/runs/series/events.ts'
import type { Stage } from '../../../../src/catalog/stages.ts'
import { emptyPicture, foldEvents } from '../../../../src/runs/series/foldRun.ts'
import { recoveryChartsOf } from '../../../../src/runs/series/recoveryChart.ts'

const plan: PlannedStages = { prunes: true, recoveries: ['retrain'], measures: ['dense', 'pruned', 'recovered'] }
const start: NewRunEvent = {
  type: 'start',
  name: 'r',
  model: 'm',
  device: 'cpu',
  description: '',
  version: '1',
  blocks: 4,
}
const at = (stage: Stage, perplexity: number | null, more: object = {}): NewRunEvent => ({
  type: 'eval',
  stage,
  entry: 0,
  data: 'a.txt',
  perplexity,
  ...more,
})
function chartsWith(changes: Partial<PlannedStages>, ...events: NewRunEvent[]) {
  const all = [{ ...start, plan: { ...plan, ...changes } }, ...events]
  return recoveryChartsOf(
    foldEvents(
      emptyPicture(),
      all.map((event, t) => ({ t, ...event })),
    ),
  )
}
const words = (...events: NewRunEvent[]) => chartsWith({}, ...events)[0].words

describe('the recovery chart', () => {
  it('says what share of the gap is closed, also during the run', () => {
    const [dense, pruned] = [at('dense', 20), at('pruned', 40)]
    assert.equal(words(dense, pruned, at('recovered', 23.4)), 'Recovery wins back 83 % of what pruning cost on a.txt.')
    assert.equal(
      words(dense, pruned, at('recovered', 30, { step: 1000 })),
      'Recovery has won back 50 % of what pruning cost on a.txt after 1,000 steps.',
    )
    assert.match(words(dense, pruned, at('recovered', 50)), /^Recovery has made it worse than pruning did on a.txt: 50/)
    assert.equal(
      words(dense, pruned, at('recovered', 19)),
      'Recovery wins back all that pruning cost on a.txt: >100 % (below dense).',
    )
  })

  it('says what is not known, and why', () => {
    assert.equal(words(), 'Nothing is measured yet.')
    assert.equal(words(at('dense', 20)), '20 dense; the pruned model is not measured yet.')
    assert.equal(
      words(at('dense', 20), at('pruned', 40)),
      'Pruning cost 20 in perplexity: 20 dense, 40 pruned; the recovered model is not measured yet.',
    )
    assert.equal(words(at('dense', 20), at('pruned', null)), 'The perplexity of the pruned model overflows (∞).')
    const without = chartsWith({ measures: ['dense', 'recovered'] }, at('dense', 20), at('recovered', 25))
    assert.match(
      without[0].words,
      /What pruning alone cost is unknown; the recipe does not measure the pruned model\.$/,
    )
    assert.equal(
      chartsWith({ recoveries: [] }, at('dense', 20), at('pruned', 19))[0].words,
      'Pruning cost nothing: 20 dense, 19 pruned.',
    )
    const failed = words(at('dense', 20), { type: 'end', status: 'failed' })
    assert.equal(failed, '20 dense; the pruned model was not measured.')
  })

  it('shows no share of the gap closed in the middle of a pass that prunes', () => {
    const events = [at('dense', 20), at('pruned', 40), at('recovered', 22, { step: 1 })]
    const [chart] = chartsWith({ recoveries: ['reconstruct'] }, ...events)
    assert.equal(chart.wonBack, null)
    assert.match(chart.words, /^With 1 of 4 blocks pruned and recovered, and the others still dense, it is 22/)
    const afterwards = chartsWith({ recoveries: ['reconstruct'], prunes: false }, ...events)
    assert.equal(afterwards[0].wonBack, 0.9)
  })

  it('counts the end, not a measurement of the middle that comes after it', () => {
    const [{ marks }] = chartsWith({}, at('recovered', 25), at('recovered', 30, { step: 10 }))
    assert.equal(marks.recovered?.value, 25)
  })

  it('has one for each text, the second one first, and one for the mean accuracy, where more is better', () => {
    const task = (stage: Stage, acc: number) => at(stage, null, { entry: 2, task: 'piqa', acc, stderr: 0.01 })
    const other = at('dense', 9, { entry: 1, data: 'b.txt' })
    const charts = chartsWith(
      {},
      at('dense', 20),
      other,
      task('dense', 0.8),
      task('pruned', 0.6),
      task('recovered', 0.7),
    )
    assert.deepEqual(
      charts.map(({ name, better }) => [name, better]),
      [
        ['perplexity on b.txt', 'low'],
        ['perplexity on a.txt', 'low'],
        ['accuracy', 'high'],
      ],
    )
    assert.ok(Math.abs((charts[2].wonBack ?? 0) - 0.5) < 1e-9)
  })

  it('shows what the recipe measures later as dashed marks beside the axis, until the run has ended', () => {
    const planned = (...events: NewRunEvent[]) => {
      const [chart] = chartsWith({}, ...events)
      const text = shapeText(
        drawRecoveryChart([{ label: 'r', index: 0, chart }], 600, paperInk) ?? {
          tag: 'g',
          attributes: {},
          children: [],
        },
      )
      return { stages: chart.planned, marks: text.match(/class="planned"/g)?.length ?? 0, text }
    }
    const begun = planned()
    assert.deepEqual([begun.stages, begun.marks], [['dense', 'pruned', 'recovered'], 3])
    assert.match(begun.text, />not measured yet</)
    assert.doesNotMatch(begun.text, /xTick|NaN/)
    const one = planned(at('dense', 20))
    assert.deepEqual([one.stages, one.marks], [['pruned', 'recovered'], 2])
    const ends = [...one.text.matchAll(/class="(dense|planned)"[^>]*? (?:x1|cx)="([\d.]+)"/g)].map(([, , x]) =>
      Number(x),
    )
    assert.deepEqual(
      ends,
      [...ends].sort((a, b) => a - b),
    )
    const all = [at('dense', 20), at('pruned', 40), at('recovered', 25)]
    for (const events of [all, [...all.slice(0, 1), { type: 'end', status: 'failed' } as const]]) {
      assert.equal(planned(...events).marks, 0)
      assert.doesNotMatch(planned(...events).text, /not measured yet/)
    }
  })

  it('dense, pruned and recovered have one colour each', () => {
    const [chart] = chartsWith({}, at('dense', 20), at('pruned', 40), at('recovered', 25))
    const text = shapeText(
      drawRecoveryChart([{ label: 'r', index: 3, chart }], 600, paperInk) ?? { tag: 'g', attributes: {}, children: [] },
    )
    for (const [stage, colour] of Object.entries(stageColours))
      assert.match(text, new RegExp(`class="${stage}"[^>]*stroke="${colour}"`))
  })

  it('is drawn on a log axis where the ends are far apart, and only what is known', () => {
    const draw = (...events: NewRunEvent[]) => {
      const [chart] = chartsWith({}, ...events)
      const rows = [{ label: 'r', index: 0, chart }]
      return {
        text: shapeText(drawRecoveryChart(rows, 600, paperInk) ?? { tag: 'g', attributes: {}, children: [] }),
        figure: recoveryFigure(rows, 'RecoveryChart'),
      }
    }
    const near = draw(at('dense', 20), at('pruned', 40), at('recovered', 25)).text
    assert.match(near, /class="wonBack"/)
    assert.doesNotMatch(near, /\(log\)/)
    assert.match(draw(at('dense', 20), at('pruned', 4000)).text, /\(log\)/)
    const some = draw(at('dense', 20), at('pruned', null)).text
    assert.doesNotMatch(some, /wonBack|class="pruned"|NaN|Infinity/)
    const [first] = chartsWith({ measures: [] })
    assert.equal(drawRecoveryChart([{ label: 'r', index: 0, chart: first }], 600, paperInk), null)
    // Names that would meet move apart, further where both marks are one.
    const named = [
      ...draw(at('dense', 27.65), at('pruned', 27.65)).text.matchAll(/class="note" x="([\d.]+)"[^>]*>([^<]+)/g),
    ]
    const [[, left, name], [, right]] = named
    assert.ok(Number(right) - Number(left) >= textWidth(name) + 4, `${left} and ${right}`)
    // A recipe may measure at any stages, one alone among them.
    for (const measured of [
      ['dense'],
      ['pruned'],
      ['recovered'],
      ['dense', 'recovered'],
      ['pruned', 'recovered'],
    ] as const)
      assert.match(
        draw(...measured.map((stage) => at(stage, 30))).text,
        new RegExp(`${measured.at(-1)} 30`),
        measured.join(),
      )
  })
})
