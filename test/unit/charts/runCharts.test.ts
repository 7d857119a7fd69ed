import assert from 'node:assert/strict'
import {
  accuracyChart,
  chartTexts,
  errorBars,
  errorCharts,
  lossChart,
  perplexityChart,
} from '../../../src/charts/runCharts.ts'
import { stageColours } from '../../../src/charts/chartData.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import type { Stage } from '../../../src/catalog/stages.ts'
import { emptyPicture, foldEvents } from '../../../src/runs/series/foldRun.ts'

const start = { type: 'start', t: 0, name: 'r', model: 'm', device: 'cpu', description: '', version: '1', blocks: 12 }
const step = { type: 'step', t: 0, step: 1, loss: 2, lr: 1, tokens_per_second: 1 }
const evaluation = (stage: Stage, perplexity: number | null, entry = 0) => {
  return { type: 'eval', t: 0, stage, perplexity, entry, data: `${entry}.txt`, seq_len: 128 }
}
const run = (index: number, ...events: object[]) => {
  const picture = foldEvents(emptyPicture(), [start, ...events] as RunEvent[])
  return { label: `run ${index}`, index, picture }
}

describe('the chart of accuracy', () => {
  const accuracy = (stage: Stage, acc: number, entry: number) => {
    return { type: 'eval', t: 0, stage, entry, task: ['piqa', 'boolq'][entry], data: 'd', acc, stderr: 0.03 }
  }
  const both = (stage: Stage, ...accs: number[]) => accs.map((acc, entry) => accuracy(stage, acc, entry))
  const events = [...both('dense', 0.6, 0.8), ...both('pruned', 0.5, 0.5), step, ...both('recovered', 0.6, 0.6), step]

  it('is the mean over the tasks, in percent, with the standard error of the mean', () => {
    const { series, levels, xRange } = accuracyChart([run(0, ...events, ...both('recovered', 0.65, 0.75))])
    const error = (100 * Math.hypot(0.03, 0.03)) / 2
    const close = (found: (number | null | undefined)[], wanted: number[]) =>
      wanted.forEach((value, i) => assert.ok(Math.abs((found[i] ?? NaN) - value) < 1e-9, `${found[i]} ≠ ${value}`))
    close(
      levels.flatMap(({ value, error: e }) => [value, e]),
      [70, error, 50, error],
    )
    assert.deepEqual(
      levels.map(({ note }) => note),
      ['dense 70.0 % ± 2.1', 'pruned 50.0 % ± 2.1'],
    )
    close(
      series[0].points.flatMap(({ x, y, error: e }) => [x, y, e]),
      [1, 60, error, 2, 70, error],
    )
    assert.deepEqual(xRange, [0, 2])
    assert.equal(chartTexts.accuracy.format(70, error), '70.0 % ± 2.1')
  })

  it('leaves out a place where not all tasks are measured yet, and everything where no task is', () => {
    const { series } = accuracyChart([run(0, ...events, accuracy('recovered', 0.1, 0))])
    assert.deepEqual(
      series[0].points.map(({ x }) => x),
      [1],
    )
    assert.deepEqual(accuracyChart([run(0, evaluation('dense', 38), step)]), { series: [], levels: [], xRange: null })
  })

  it('stays out of the chart of perplexity', () => {
    assert.deepEqual(perplexityChart([run(0, ...events)]).series, [])
  })
})

describe('the chart of perplexity', () => {
  const measured = [evaluation('dense', 38), evaluation('pruned', 88), step, step, evaluation('recovered', 54)]

  it('has levels for dense and pruned, and recovered at its step', () => {
    const { series, levels, xRange } = perplexityChart([run(0, ...measured)])
    assert.deepEqual(
      levels.map(({ note, value }) => [note, value]),
      [
        ['dense 38', 38],
        ['pruned 88', 88],
      ],
    )
    assert.deepEqual(
      series.map(({ label, points, note }) => [label, points, note]),
      [['recovered', [{ x: 2, y: 54 }], 'recovered']],
    )
    assert.deepEqual(xRange, [0, 2])
  })

  it('has a series for each entry, by its data, in the recipe’s order whichever was measured first', () => {
    const both = [evaluation('dense', 12, 1), ...measured, evaluation('recovered', 15, 1)]
    const { series, levels } = perplexityChart([run(0, ...both)])
    assert.deepEqual(
      series.map(({ label, points }) => [label, points.map(({ y }) => y)]),
      [
        ['0.txt, recovered', [54]],
        ['1.txt, recovered', [15]],
      ],
    )
    assert.deepEqual(
      levels.map(({ label }) => label),
      ['0.txt, dense', '0.txt, pruned', '1.txt, dense'],
    )
    assert.notEqual(series[0].style.marker, series[1].style.marker)
  })

  it('names each of several runs, and labels only the first one’s levels', () => {
    const other = [evaluation('dense', 37), evaluation('pruned', 87), step, step, evaluation('recovered', 53)]
    const { series, levels } = perplexityChart([run(0, ...measured), run(1, ...other)])
    assert.deepEqual(
      series.map(({ label }) => label),
      ['run 0, recovered', 'run 1, recovered'],
    )
    assert.deepEqual(
      levels.map(({ note }) => note),
      ['dense 38', 'pruned 88', '', ''],
    )
  })

  it('has one line, of no run, for what runs have measured alike', () => {
    const other = [evaluation('dense', 38), evaluation('pruned', 90)]
    const { levels } = perplexityChart([run(0, ...measured), run(1, ...other), run(2, ...other)])
    assert.deepEqual(
      levels.map(({ label, note }) => [label, note]),
      [
        ['dense', 'dense 38'],
        ['run 0, pruned', 'pruned 88'],
        ['pruned', ''],
      ],
    )
  })

  it('keeps a perplexity that overflows, and of two at one step the later', () => {
    const { series, levels } = perplexityChart([
      run(0, evaluation('pruned', null), step, evaluation('recovered', 9), evaluation('recovered', 8)),
    ])
    assert.deepEqual([levels[0].value, levels[0].note], [Infinity, 'pruned ∞'])
    assert.deepEqual(series[0].points, [{ x: 1, y: 8 }])
  })

  it('has no steps along x without steps', () => {
    const { series, xRange } = perplexityChart([run(0, evaluation('dense', 38))])
    assert.deepEqual([series, xRange], [[], null])
  })
})

describe('the bars of errors', () => {
  it('have all blocks in sight from the first on, each as the share that is left of its error', () => {
    const block = { type: 'block', t: 0, block: 0, modules: {}, error_before: 2, error_after: 1, seconds: 1 }
    const { bars, others } = errorBars([run(0, block), run(1, block)], 0)
    assert.deepEqual(
      bars.map(({ value }) => value),
      [0.5, ...Array.from({ length: 11 }, () => null)],
    )
    assert.match(bars[0].text, /^50\.00 % left, mean squared error 2 before, 1 after$/)
    assert.deepEqual(
      others?.map(({ label, values }) => [label, values[0]]),
      [['run 1', 0.5]],
    )
  })

  it('show a block without a number apart from one that is not done', () => {
    const block = { type: 'block', t: 0, block: 0, modules: {}, error_before: 2, error_after: null, seconds: 1 }
    const { bars } = errorBars([run(0, block)], 0)
    assert.deepEqual([bars[0].value, bars[1].value], [NaN, null])
  })
})

describe('the lines of errors', () => {
  it('are one a run over the blocks, in a chart for each way of recovering', () => {
    const block = (at: number, ...afters: [recovery: number, after: number][]) => {
      const errors = afters.map(([recovery, after]) => ({ recovery, error_before: 2, error_after: after }))
      return { type: 'block', t: 0, block: at, modules: {}, errors, seconds: 1 }
    }
    const recovered = (...modes: string[]) => ({ ...start, recoveries: modes })
    const runs = [
      run(0, recovered('refit', 'reconstruct'), block(0, [0, 1], [1, 0.5]), block(1, [1, 1])),
      run(1, recovered('reconstruct', 'retrain'), block(0, [0, 0.2])),
      run(2, step),
    ]
    assert.deepEqual(
      errorCharts(runs).map(({ text, chart }) => [
        text.title,
        chart.series.map(({ label, points }) => [label, points]),
      ]),
      [
        ['Error left after refit, by block', [['run 0', [{ x: 0, y: 50 }]]]],
        [
          'Error left after reconstruct, by block',
          [
            [
              'run 0',
              [
                { x: 0, y: 25 },
                { x: 1, y: 50 },
              ],
            ],
            ['run 1', [{ x: 0, y: 10 }]],
          ],
        ],
      ],
    )
  })
})

describe('the chart of the loss', () => {
  it('leaves out runs that trained nothing', () => {
    const { series } = lossChart([run(0, step), run(1)], { smoothing: 0, maxPoints: 100 })
    assert.deepEqual(
      series.map(({ label }) => label),
      ['run 0'],
    )
  })

  it('is of retrainings alone, each from its own first step, in the colour of its run: losses of blocks are no curve', () => {
    const fitted = { ...step, block: 0, recovery: 0 }
    const both = { ...start, recoveries: ['reconstruct', 'retrain'] }
    const { series } = lossChart([run(0, both, fitted, fitted, { ...step, recovery: 1 })], {
      smoothing: 0,
      maxPoints: 100,
    })
    assert.deepEqual(
      series.map(({ label, points }) => [label, points.map(({ x }) => x)]),
      [['2 retrain', [1]]],
    )
    assert.equal(series[0].style.colour, stageColours.recovered)
  })
})
