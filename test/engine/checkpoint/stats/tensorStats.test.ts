import assert from 'node:assert/strict'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { formatNm } from '../../../../src/catalog/formats/sparsity.ts'
import { requireNm } from '../../../../src/engine/checkpoint/stats/nmCounter.ts'
import { elementFormat } from '../../../../src/engine/checkpoint/stats/elementFormat.ts'
import { summariseValues, tensorStats } from '../../../../src/engine/checkpoint/stats/tensorStats.ts'
import { sumParts, tallyTensor, type TallyOptions } from '../../../../src/engine/checkpoint/stats/tensorTally.ts'
import { f32ToBf16, f32ToF16 } from '../../../../src/engine/dtype.ts'
import { createRng } from '../../../../src/engine/rng.ts'
import type { TensorStats } from '../../../../src/protocol/inspect.ts'
import { f32, safetensors, type TestTensor } from '../../../support/safetensors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

const patterns = ['2:4', '4:8', '1:3', '1:4', '1:16', '3:8'].map(requireNm)

/** Loops that are obviously right, over values as numbers. */
function expected(values: number[], rows: number, columns: number, transposed: boolean) {
  const finite = values.filter(Number.isFinite)
  const mean = finite.reduce((a, b) => a + b, 0) / finite.length
  const moment = (k: number) => finite.reduce((a, b) => a + (b - mean) ** k, 0) / finite.length
  const [variance, fourth] = [moment(2), moment(4)]
  const at = (r: number, c: number) => (transposed ? values[c * columns + r] : values[r * columns + c])
  const [outputs, inputs] = transposed ? [columns, rows] : [rows, columns]
  const nm: TensorStats['nm'] = {}
  for (const pattern of patterns) {
    const { n, m } = pattern
    const text = formatNm(pattern)
    if (inputs % m !== 0) continue
    nm[text] = { groups: (outputs * inputs) / m, violations: 0 }
    for (let r = 0; r < outputs; r++)
      for (let c = 0; c < inputs; c += m) {
        const zeros = Array.from({ length: m }, (_, i) => at(r, c + i)).filter((v) => v === 0).length
        if (zeros < n) nm[text].violations++
      }
  }
  return {
    zeros: values.filter((v) => v === 0).length,
    nonFinite: values.length - finite.length,
    min: Math.min(...finite),
    max: Math.max(...finite),
    mean,
    meanAbs: finite.reduce((a, b) => a + Math.abs(b), 0) / finite.length,
    std: Math.sqrt(variance),
    kurtosis: fourth / variance ** 2,
    outliers: finite.filter((v) => Math.abs(v - mean) > 4 * Math.sqrt(variance)).length / finite.length,
    nm,
  }
}

describe('tensorStats', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  async function scan(tensor: TestTensor, options: TallyOptions = { nm: patterns }): Promise<TensorStats> {
    const checkpoint = await openCheckpoint(temp.write('model.safetensors', safetensors({ t: tensor })))
    try {
      const stats = await tensorStats(checkpoint, checkpoint.tensors.get('t')!, options)
      assert.ok(stats)
      return stats
    } finally {
      await checkpoint.close()
    }
  }

  /** Half zeros of both signs, some NaN and infinities. */
  function sample(count: number, seed: number, wild: boolean): Float32Array {
    const rng = createRng(seed)
    return Float32Array.from({ length: count }, () => {
      if (wild && rng.below(300) === 0) return [NaN, Infinity, -Infinity][rng.below(3)]
      return rng.below(2) ? (rng.below(2) ? 0 : -0) : rng.normal() * 2 - 0.5
    })
  }

  // Pieces of 4 kB: the larger shapes take several, the last one not full; columns of every remainder.
  for (const [rows, columns] of [
    [1, 1],
    [3, 7],
    [48, 48],
    [5, 33],
    [11, 20],
    [70, 96],
    [157, 40],
  ]) {
    for (const transposed of [false, true]) {
      for (const dtype of ['F32', 'BF16', 'F16'] as const) {
        it(`agrees with plain loops: ${dtype} [${rows}, ${columns}]${transposed ? ' stored transposed' : ''}`, async () => {
          const singles = sample(rows * columns, rows + columns, rows > 40)
          const narrow = { BF16: f32ToBf16, F16: f32ToF16 }
          const bits = dtype === 'F32' ? null : Uint16Array.from(singles, narrow[dtype])
          const data = new Uint8Array((bits ?? singles).buffer)
          const got = await scan(
            { dtype, shape: [rows, columns], data },
            { nm: patterns, transposed, pieceBytes: 4096 },
          )
          const values = bits && dtype !== 'F32' ? valuesOf(dtype, bits) : [...singles]
          const want = expected(values, rows, columns, transposed)
          assert.equal(got.zeros, want.zeros)
          assert.equal(got.sparsity, want.zeros / (rows * columns))
          assert.equal(got.nonFinite, want.nonFinite)
          assert.equal(got.min === 0 ? 0 : got.min, want.min === 0 ? 0 : want.min)
          assert.equal(got.max === 0 ? 0 : got.max, want.max === 0 ? 0 : want.max)
          // Sums of up to 6,720 f64 in another order.
          assert.ok(Math.abs((got.mean ?? NaN) - want.mean) < 1e-12)
          // That of F32 and F64 comes from counts by 7 bits of the fraction.
          assert.ok(Math.abs((got.meanAbs ?? NaN) - want.meanAbs) <= 4e-3 * want.meanAbs)
          assert.ok(Math.abs((got.std ?? NaN) - want.std) < 1e-9)
          assert.deepEqual(got.nm, want.nm)
          assert.equal(
            got.histogram?.counts.reduce((a, b) => a + b, 0),
            rows * columns - want.nonFinite,
          )
        })
      }
    }
  }

  // Groups of 4 and of 8 alone are counted in one pass by WebAssembly; pieces end within rows, the last within a group of 8.
  for (const [rows, columns, asked] of [
    [70, 96, ['2:4', '4:8']],
    [157, 44, ['1:4']],
    [157, 44, ['3:8']],
    [131, 48, ['4:8']],
    [131, 37, []],
    [5001, 1, []],
  ] as const)
    for (const dtype of ['BF16', 'F16'] as const)
      it(`counts groups of ${asked.join(' and ') || 'no pattern'} in a large ${dtype} [${rows}, ${columns}]`, async () => {
        const bits = Uint16Array.from(sample(rows * columns, rows, true), dtype === 'BF16' ? f32ToBf16 : f32ToF16)
        const data = new Uint8Array(bits.buffer)
        const shape = columns === 1 ? [rows] : [rows, columns]
        const got = await scan({ dtype, shape, data }, { nm: asked.map(requireNm), pieceBytes: 1000 })
        const want = expected(valuesOf(dtype, bits), rows, columns, false)
        assert.equal(got.zeros, want.zeros)
        assert.equal(got.nonFinite, want.nonFinite)
        assert.deepEqual([got.min, got.max], [want.min, want.max])
        assert.deepEqual(
          Object.keys(got.nm),
          asked.filter((text) => columns % requireNm(text).m === 0),
        )
        for (const [text, found] of Object.entries(got.nm)) assert.deepEqual(found, want.nm[text], text)
      })

  // Sums of squares lose such a spread, and bins by exponent are wider than it.
  for (const [dtype, middle, spread] of [
    ['F32', 1, 1e-3],
    ['F32', -100, 1e-4],
    ['F64', 1e8, 1e-2],
    ['F32', 0.1, 0],
  ] as const)
    it(`has the spread of numbers far from zero: ${dtype}, ${middle} ± ${spread}`, async () => {
      const rng = createRng(5)
      const numbers = Array.from({ length: 96 * 64 }, () => middle + spread * rng.normal())
      const values = dtype === 'F32' ? new Float32Array(numbers) : new Float64Array(numbers)
      const tensor = { dtype, shape: [96, 64], data: new Uint8Array(values.buffer) }
      const got = await scan(tensor)
      const want = expected(Array.from(values), 96, 64, false)
      const isClose = (a: number | null | undefined, b: number, share: number) =>
        assert.ok(typeof a === 'number' && Math.abs(a - b) <= share * Math.abs(b), `${a} and ${b}`)
      assert.equal(got.min, want.min)
      assert.equal(got.max, want.max)
      isClose(got.mean, want.mean, 1e-12)
      if (spread === 0) return assert.equal(got.std, 0)
      isClose(got.meanAbs, want.meanAbs, 4e-3)
      isClose(got.std, want.std, 1e-6)
      assert.ok(got.histogram && Math.max(...got.histogram.counts) < values.length / 10)
      const checkpoint = await openCheckpoint(temp.write('model.safetensors', safetensors({ t: tensor })))
      const entry = checkpoint.tensors.get('t')!
      const tallies = [
        { first: 0, end: 40 },
        { first: 40, end: 96 },
      ].map((range) => tallyTensor(checkpoint, entry, { range }))
      const sum = sumParts((await Promise.all(tallies)).map((part) => part!))
      assert.deepEqual(sum.values.counts, (await tallyTensor(checkpoint, entry))!.values.counts)
      const { kurtosis, outliers } = summariseValues(elementFormat(dtype)!, sum.values)
      isClose(kurtosis, want.kurtosis, 2e-3)
      assert.equal(outliers, want.outliers)
      await checkpoint.close()
    })

  // Sums of squares of such numbers, or their distances, are infinite.
  for (const numbers of [
    [1e308, -1e308, 1e308, -1e308],
    [1.7e308, 1.7e308, 1.6e308, 1.7e308],
    [3, 1e300, -2e300, 0.5],
    [1e40, -3e40, 2e40, 1e39],
  ])
    it(`has the statistics of numbers that no f32 holds: ${numbers.join(', ')}`, async () => {
      const unit = Math.max(...numbers.map(Math.abs))
      const data = (values: number[]) => new Uint8Array(Float64Array.from(values).buffer)
      const tensor = { dtype: 'F64' as const, shape: [4, 1], data: data(numbers) }
      const scaled = await scan({ ...tensor, data: data(numbers.map((number) => number / unit)) })
      const isClose = (a: number | null, b: number | null, share: number) =>
        assert.ok(Math.abs((a ?? NaN) / unit - (b ?? NaN)) <= share, `${a} and ${b}`)
      for (const pieceBytes of [undefined, 8]) {
        const got = await scan(tensor, { pieceBytes })
        assert.deepEqual([got.min, got.max], [Math.min(...numbers), Math.max(...numbers)])
        isClose(got.mean, scaled.mean, 1e-12)
        isClose(got.std, scaled.std, 1e-7)
        isClose(got.meanAbs, scaled.meanAbs, 4e-3)
        assert.deepEqual(got.histogram?.counts, scaled.histogram?.counts)
        assert.equal(got.outliers, scaled.outliers)
      }
    })

  for (const dtype of ['BF16', 'F32', 'F64'] as const)
    for (const transposed of [false, true])
      it(`parts of the rows add up to the whole: ${dtype}${transposed ? ' stored transposed' : ''}`, async () => {
        const singles = sample(64 * 48, 7, true)
        const data = {
          BF16: () => Uint16Array.from(singles, f32ToBf16),
          F32: () => singles,
          F64: () => Float64Array.from(singles),
        }
        const tensor = { dtype, shape: [64, 48], data: new Uint8Array(data[dtype]().buffer) }
        const checkpoint = await openCheckpoint(temp.write('model.safetensors', safetensors({ t: tensor })))
        try {
          const entry = checkpoint.tensors.get('t')!
          const options = { nm: ['2:4', '4:8', '1:16'].map(requireNm), transposed }
          const whole = await tallyTensor(checkpoint, entry, options)
          const ranges = [0, 16, 32].map((first, i) => ({ first, end: [16, 32, 64][i] }))
          const parts = await Promise.all(ranges.map((range) => tallyTensor(checkpoint, entry, { ...options, range })))
          const sum = sumParts(parts.map((part) => part!))
          const round = ({ moments }: { moments: { sum: number; squares: number } | null }) =>
            moments && [moments.sum, moments.squares].map((x) => x.toPrecision(12))
          assert.deepEqual({ ...sum, values: sum.values.counts }, { ...whole!, values: whole!.values.counts })
          // Sums of f64 in another order.
          assert.deepEqual(round(sum.values), round(whole!.values))
        } finally {
          await checkpoint.close()
        }
      })

  function valuesOf(dtype: 'BF16' | 'F16', bits: Uint16Array): number[] {
    return Array.from(bits, (b) => {
      if (dtype === 'BF16') return new Float32Array(Uint32Array.of(b << 16).buffer)[0]
      const sign = b & 0x8000 ? -1 : 1
      const exponent = (b >> 10) & 31
      const fraction = b & 1023
      if (exponent === 31) return fraction ? NaN : sign * Infinity
      return sign * (exponent ? (1024 + fraction) * 2 ** (exponent - 25) : fraction * 2 ** -24)
    })
  }

  const others: [dtype: string, data: ArrayBufferView, want: Partial<TensorStats>][] = [
    ['F64', Float64Array.of(0, -0, 1e300, -2), { zeros: 2, min: -2, max: 1e300 }],
    ['I64', BigInt64Array.of(0n, -1n, 5n, 2n ** 40n), { zeros: 1, min: -1, max: 2 ** 40 }],
    ['U64', BigUint64Array.of(0n, 2n ** 63n, 5n, 1n), { zeros: 1, min: 0, max: 2 ** 63 }],
    ['I32', Int32Array.of(0, -7, 3, -(2 ** 31)), { zeros: 1, min: -(2 ** 31), max: 3 }],
    ['U32', Uint32Array.of(0, 2 ** 31, 2 ** 32 - 1, 1), { zeros: 1, max: 2 ** 32 - 1 }],
    ['I16', Int16Array.of(0, -3, 4, -32768), { zeros: 1, min: -32768, max: 4 }],
    ['I8', Int8Array.of(0, -128, 127, 1), { zeros: 1, min: -128, max: 127, mean: 0 }],
    ['U8', Uint8Array.of(0, 0, 255, 1), { zeros: 2, max: 255, mean: 64 }],
    ['BOOL', Uint8Array.of(0, 1, 1, 1), { zeros: 1, min: 0, max: 1, mean: 0.75 }],
    // 0x38 = 1, 0xc0 = −2, 0x80 = −0, 0x7f = NaN in E4M3; in E5M2 0x3c = 1, 0x7c = infinity.
    ['F8_E4M3', Uint8Array.of(0x38, 0xc0, 0x80, 0x7f), { zeros: 1, nonFinite: 1, min: -2, max: 1 }],
    ['F8_E5M2', Uint8Array.of(0x3c, 0x7c, 0x00, 0xbc), { zeros: 1, nonFinite: 1, min: -1, max: 1 }],
    ['F8_E8M0', Uint8Array.of(127, 128, 0, 255), { zeros: 0, nonFinite: 1, max: 2 }],
  ]
  for (const [dtype, view, want] of others) {
    it(`reads ${dtype}`, async () => {
      const data = new Uint8Array(view.buffer)
      const got = await scan({ dtype, shape: [2, 2], data })
      for (const [key, value] of Object.entries(want)) assert.equal(got[key as keyof TensorStats], value, key)
    })
  }

  it('lists types it cannot read without statistics', async () => {
    const file = safetensors({ t: { dtype: 'F4', shape: [2], data: new Uint8Array(1) } })
    const checkpoint = await openCheckpoint(temp.write('model.safetensors', file))
    assert.equal(await tensorStats(checkpoint, checkpoint.tensors.get('t')!), null)
    await checkpoint.close()
  })

  it('has no statistics of values where there are no values', async () => {
    const stats = await scan(f32([0, 4], []))
    assert.deepEqual([stats.zeros, stats.sparsity, stats.min, stats.histogram], [0, 0, null, null])
    assert.equal((await scan(f32([2], [NaN, Infinity]))).mean, null)
  })

  it('takes scalars and vectors, for which there is no N:M', async () => {
    assert.equal((await scan(f32([], [3]))).max, 3)
    assert.deepEqual((await scan(f32([8], new Float32Array(8)))).nm, {})
  })

  it('places the bins over the range of the values', async () => {
    const { histogram } = await scan(
      f32(
        [64],
        Float32Array.from({ length: 64 }, (_, i) => (i === 63 ? 64 : i)),
      ),
    )
    assert.deepEqual([histogram?.from, histogram?.to, histogram?.counts.length], [0, 64, 64])
    assert.deepEqual(histogram?.counts.slice(0, 3), [1, 1, 1])
  })

  it('stops when cancelled', async () => {
    await assert.rejects(scan(f32([4], [1, 2, 3, 4]), { signal: AbortSignal.abort() }), /cancelled/)
  })
})

describe('requireNm', () => {
  it('reads N zeros of every M', () => assert.deepEqual(requireNm('2:4'), { n: 2, m: 4 }))
  for (const text of ['', '4:4', '5:4', '0:4', '2', 'a:b', '2:4:8', '-1:4', '1.5:4'])
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => requireNm(text), /N zeros of every M/))
})
