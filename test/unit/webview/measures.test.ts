import assert from 'node:assert/strict'
import { describeCell, heatData, layOutHeat } from '../../../webview-ui/inspector/cells.ts'
import { csvFile, jsonFile } from '../../../webview-ui/inspector/exportFiles.ts'
import {
  defaultMeasure,
  measuresOf,
  scaleOf,
  sparsityMeasure,
  type Known,
} from '../../../webview-ui/inspector/measures.ts'
import { recordedAnalysis, recordedModel, recordedStats } from '../../webview/harness/recorded.ts'

describe('what the map is coloured by', () => {
  const model = recordedModel(3)
  const map = layOutHeat(model.tensors)
  const stats = new Map(recordedStats(model).map((s) => [s.name, s]))
  const dense = new Map([...stats].map(([name, s]) => [name, { ...s, zeros: 0, sparsity: 0 }]))
  const update = recordedAnalysis(model)
  const analysis = new Map(update.modules.map((module) => [module.name, module]))
  const nothing: Known = { stats: new Map(), analysis: new Map(), denseLoss: null }
  const all: Known = { stats: dense, analysis, denseLoss: update.loss }
  const measureNamed = (id: string, known = all) => {
    const found = measuresOf(known).find((measure) => measure.id === id)
    assert.ok(found, id)
    return found
  }

  it('is sparsity where there is some; of a dense model the loss that pruning adds, the error of each matrix, or |w|', () => {
    const chosen = (known: Known) => defaultMeasure(measuresOf(known), known, model.tensors).id
    assert.equal(chosen({ ...nothing, stats }), 'sparsity')
    assert.equal(chosen(nothing), 'sparsity')
    assert.equal(chosen({ ...nothing, stats: dense }), 'meanAbs')
    assert.equal(chosen(all), 'sensitivity')
    const alone = new Map(update.modules.map((module) => [module.name, { ...module, sensitivity: null }]))
    assert.equal(chosen({ ...all, analysis: alone }), 'error magnitude 50 %')
    assert.equal(chosen({ ...all, stats }), 'sparsity')
  })

  it('offers what an analysis has measured, and only that', () => {
    const ids = (known: Known) => measuresOf(known).map(({ id }) => id)
    assert.deepEqual(ids(nothing), ['sparsity', 'meanAbs', 'std', 'kurtosis', 'outliers'])
    assert.ok(ids(all).includes('error sparsegpt 70 %') && ids(all).includes('sensitivity'))
    const silent = new Map(update.modules.map((module) => [module.name, { ...module, sensitivity: null }]))
    assert.ok(!ids({ ...all, analysis: silent }).includes('sensitivity'))
  })

  it('tells sparsities of one whole percent apart', () => {
    const way = { method: 'wanda', pattern: 'unstructured', error: 0.1 } as const
    const errors = [0.501, 0.504, 0.625].map((sparsity) => ({ ...way, sparsity }))
    const known = { ...all, analysis: new Map(update.modules.map((one) => [one.name, { ...one, errors }])) }
    const own = measuresOf(known).filter(({ id }) => id.startsWith('error '))
    assert.deepEqual(
      own.map(({ id }) => id),
      ['error wanda 50.1 %', 'error wanda 50.4 %', 'error wanda 62.5 %'],
    )
  })

  it('offers the room that swaps have left where a run has told it, by matrix', () => {
    const [first, second] = model.tensors.filter(({ role }) => role === 'linear')
    const certificate = { rows: 4, error: 2, room: 0.008, rows_without_room: 0.75 }
    const known = { ...nothing, stats, certificates: { [first.name]: certificate } }
    const [room, rows] = ['room', 'rowsWithoutRoom'].map((id) => measureNamed(id, known))
    assert.deepEqual([room.of(first, known), rows.of(first, known)], [0.008, 0.75])
    assert.equal(room.of(second, known), null)
    assert.equal(room.text(0.008), '0.80 %')
    assert.ok(measuresOf(nothing).every(({ id }) => id !== 'room'))
  })

  it('scales from the least to the greatest value, by logarithms where it says so', () => {
    const measure = measureNamed('error wanda 50 %')
    const values = model.tensors.flatMap((t) => measure.of(t, all) ?? [])
    const { place, low, high } = scaleOf(measure, values)
    const [least, most] = [Math.min(...values), Math.max(...values)]
    assert.deepEqual([place(least), place(most)], [0, 1])
    assert.ok(Math.abs(place(Math.sqrt(least * most)) - 0.5) < 1e-9)
    assert.match(high, /log scale/)
    assert.match(low, /%$/)
    // One value, and none, are no division by zero.
    assert.equal(scaleOf(measure, [values[0]]).place(values[0]), 0.5)
    assert.equal(scaleOf(measure, []).place(1), 0)
  })

  it('shares are coloured between multiples of 10 % that are at least 20 % apart', () => {
    const scale = (...values: number[]) => {
      const { low, high, place } = scaleOf(sparsityMeasure, values)
      return [low, high, values.map((value) => Number(place(value).toFixed(3)))]
    }
    assert.deepEqual(scale(0.41, 0.59), ['40 %', '60 %', [0.05, 0.95]])
    assert.deepEqual(scale(0.5, 0.5), ['40 %', '60 %', [0.5, 0.5]])
    assert.deepEqual(scale(0, 0.01), ['0 %', '20 %', [0, 0.05]])
    assert.deepEqual(scale(1), ['80 %', '100 %', [1]])
    assert.deepEqual(scale(), ['0 %', '100 %', []])
  })

  it('a sensitivity is what is added to the dense loss', () => {
    const measure = measureNamed('sensitivity')
    const [first] = model.tensors.filter((t) => t.role === 'linear')
    const loss = update.modules[0].sensitivity ?? 0
    assert.equal(measure.of(first, all), loss - 3.2)
    assert.equal(measure.of(first, { ...all, denseLoss: null }), null)
  })

  it('weighs experts of one cell by their size, and leaves it open where one has no number', () => {
    const cell = map.cells[0]
    assert.ok(cell)
    const [a] = cell
    const b = { ...a, name: 'other.weight', parameters: 3 * a.parameters }
    const both = { ...map, cells: [[a, b]] }
    const measure = measureNamed('std')
    const found = dense.get(a.name)
    assert.ok(found)
    const two = new Map([
      [a.name, { ...found, std: 1 }],
      [b.name, { ...found, std: 5 }],
    ])
    assert.match(describeCell(both, measure, { ...all, stats: two }, 0, 0), /: 4, .* 2 matrices$/)
    const [open] = heatData(both, measure, { ...all, stats: new Map([[a.name, found]]) }, () => '#000000').cells
    assert.equal(open?.value, null)
  })

  it('goes into the exports', () => {
    const [header, line] = csvFile(model.tensors, all).split('\r\n')
    assert.match(header, /error sparsegpt 70 %/)
    assert.equal(header.split(',').length, line.split(',').length)
    const { tensors } = JSON.parse(jsonFile(model, model.tensors, all)) as { tensors: { analysis: unknown }[] }
    assert.ok(tensors.some((t) => t.analysis) && tensors.some((t) => !t.analysis))
  })
})
