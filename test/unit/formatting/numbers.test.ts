import assert from 'node:assert/strict'
import { toCsv } from '../../../src/formatting/tables.ts'
import { placeOf } from '../../../webview-ui/shared/blockGrid.ts'
import {
  columnFormat,
  formatBytes,
  formatDuration,
  formatPerplexity,
  formatRequested,
  formatShare,
  formatTrained,
  formatValue,
  formatWonBack,
  parseByteSize,
  percentColumn,
  withSign,
} from '../../../src/formatting/numbers.ts'

describe('numbers for people', () => {
  it('show 0 or 1 only for a share that is exactly that', () => {
    assert.deepEqual(
      [0, 1, 0.5, 1e-9, 1 - 1e-9].map((s) => formatShare(s)),
      ['0 %', '100 %', '50.00 %', '< 0.01 %', '> 99.99 %'],
    )
    assert.equal(formatShare(3.2), '320.00 %')
  })

  it('have no negative zero', () => {
    assert.deepEqual(
      [-0.003, 0.003, -0.2].map((share) => formatWonBack(share)),
      ['0 %', '0 %', '−20 %'],
    )
    const points = (value: number) => withSign((100 * Math.abs(value)).toFixed(1), value)
    assert.deepEqual([0, -0.0001, 0.02, -0.02, NaN].map(points), ['0.0', '0.0', '+2.0', '−2.0', 'NaN'])
  })

  it('say that a recovery of more than the gap ends below dense', () => {
    assert.deepEqual(
      [1, 1.001, 15.66].map((share) => formatWonBack(share)),
      ['100 %', '>100 % (below dense)', '>100 % (below dense)'],
    )
    assert.equal(formatWonBack(15.66, 'high'), '>100 % (above dense)')
  })

  it('show ∞ for a perplexity that overflows', () => {
    assert.deepEqual(
      [12.34567, Infinity].map((value) => formatPerplexity(value, 4)),
      ['12.3457', '∞'],
    )
  })

  it('say what is not a number', () => {
    assert.deepEqual([null, NaN, Infinity, 0, 1.23456, 1e-7].map(formatValue), [
      'NaN',
      'NaN',
      '∞',
      '0',
      '1.235',
      '1.00e-7',
    ])
  })

  it('have the same decimals in a column', () => {
    const written = (...values: number[]) => values.map(columnFormat(values))
    assert.deepEqual(written(24.95, 180.3, 1234.5), ['24.95', '180.30', '1234.50'])
    assert.deepEqual(written(5, 54321), ['5.0', '54321.0'])
    assert.deepEqual(written(0.02, 0.5, 0), ['0.02000', '0.50000', '0.00000'])
    assert.deepEqual(written(7, 1e7, NaN, Infinity, -2.5), ['7.000', '1.00e+7', 'NaN', '∞', '-2.500'])
    assert.deepEqual(written(NaN), ['NaN'])
  })

  it('give what trains as a percentage of the model, or a multiple where adapters are more', () => {
    assert.deepEqual(
      [0, 0.0151234, 2.8683, 100, 1361.7].map((p) => formatTrained(p)),
      ['0 %', '0.01512 %', '2.868 %', '100 %', '13.6 ×'],
    )
  })

  it('omit a last zero that all percentages of a column share', () => {
    const written = (...values: number[]) => values.map(percentColumn(values))
    assert.deepEqual(written(0.085), ['0.085 %'])
    assert.deepEqual(written(0.085, 3.7), ['0.085 %', '3.700 %'])
    assert.deepEqual(written(100, 50), ['100 %', '50 %'])
    assert.deepEqual(written(NaN, 0.5), ['NaN %', '0.5 %'])
  })

  it('write a requested share as short as it was given', () => {
    assert.deepEqual([0.7, 0.625, 1 / 3, 0.00085, 1].map(formatRequested), [
      '70 %',
      '62.5 %',
      '33.33 %',
      '0.085 %',
      '100 %',
    ])
  })

  it('write durations in a fitting unit', () => {
    assert.deepEqual([4.24, 42, 185, 7800].map(formatDuration), ['4.2 s', '42 s', '3 min 05 s', '2 h 10 min'])
  })
})

describe('CSV', () => {
  it('quotes what needs it and defuses formulas', () => {
    assert.equal(toCsv(['a,b'], [['x"y'], ['=1+1'], [null], [2]]), '"a,b"\r\n"x""y"\r\n\'=1+1\r\n\r\n2\r\n')
  })
})

describe('module names', () => {
  it('finds the block, and takes experts together', () => {
    assert.deepEqual(placeOf('model.layers.12.block_sparse_moe.experts.7.w1.weight'), {
      block: 12,
      module: 'block_sparse_moe.experts.*.w1',
    })
    assert.deepEqual(placeOf('transformer.h.0.attn.c_attn.weight'), { block: 0, module: 'attn.c_attn' })
    assert.deepEqual(placeOf('lm_head.weight'), { block: null, module: 'lm_head' })
  })
})

describe('parseByteSize', () => {
  const sizes: [text: string, bytes: number | null][] = [
    ['5GB', 5e9],
    ['5gib', 5 * 2 ** 30],
    ['1.5 MB', 1.5e6],
    ['512MiB', 512 * 2 ** 20],
    ['64k', 64_000],
    ['2TB', 2e12],
    ['4096', 4096],
    ['10 B', 10],
    ['', null],
    ['-1GB', null],
    ['5XB', null],
    ['GB', null],
    ['1e3', null],
    ['9999999TB', null],
  ]
  for (const [text, bytes] of sizes)
    it(`reads ${JSON.stringify(text)} as ${bytes}`, () => assert.equal(parseByteSize(text), bytes))
})

describe('formatBytes', () => {
  it('uses three digits and the unit in which they are below 1000', () => {
    assert.deepEqual([0, 999, 1000, 999_499, 999_600, 5e9, 1.2345e12].map(formatBytes), [
      '0 B',
      '999 B',
      '1 kB',
      '999 kB',
      '1 MB',
      '5 GB',
      '1.23 TB',
    ])
  })
})
