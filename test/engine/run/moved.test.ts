// How far recoveries moved what they trained: report, events and the note beside the result agree with the two checkpoints.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEvents } from '../../../src/runs/events/parseEvents.ts'
import type { Movement } from '../../../src/runs/series/events.ts'
import { readNote } from '../../../src/engine/run/origin/note.ts'
import { upload } from '../../../src/engine/compute/backend.ts'
import { f32ToBf16 } from '../../../src/engine/dtype.ts'
import { movementOf, sumMovement } from '../../../src/engine/recover/movement.ts'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../../src/engine/checkpoint/createCheckpoint.ts'
import { backends } from '../../support/backends.ts'
import { lacks } from '../../support/skip.ts'
import { run, runPlace } from '../../support/runs.ts'

interface Values {
  readonly values: Float32Array
  readonly shape: readonly number[]
}

async function tensorsOf(path: string): Promise<Map<string, Values>> {
  const checkpoint = await openCheckpoint(path)
  try {
    const found = new Map<string, Values>()
    for (const [name, { shape }] of checkpoint.tensors) {
      const read = await readF32Tensor(checkpoint, name)
      if (read) found.set(name, { values: read.values, shape })
    }
    return found
  } finally {
    await checkpoint.close()
  }
}

/** ‖B − A‖ / ‖A‖, the row and the column of the largest part of it, by one loop over all entries. */
function between(a: Values, b: Values) {
  const width = a.shape.length > 1 ? a.shape[1] : 1
  const [rows, columns] = [new Map<number, number>(), new Map<number, number>()]
  let [size, squares] = [0, 0]
  for (const [i, old] of a.values.entries()) {
    const square = (b.values[i] - old) ** 2
    size += old ** 2
    squares += square
    for (const [parts, at] of [
      [rows, Math.floor(i / width)],
      [columns, i % width],
    ] as const)
      parts.set(at, (parts.get(at) ?? 0) + square)
  }
  const first = (parts: Map<number, number>) => [...parts].sort(([, x], [, y]) => y - x)[0]
  return { moved: Math.sqrt(squares / size), squares, row: first(rows), column: first(columns), isMatrix: width > 1 }
}

/** Asserts that what is said of each tensor is what lies between the checkpoints, and that all that changed is told. */
function agree(told: Record<string, Movement>, before: Map<string, Values>, after: Map<string, Values>): void {
  for (const [name, a] of before) {
    const b = after.get(name)
    assert.ok(b, name)
    const { moved, squares, row, column, isMatrix } = between(a, b)
    const said = told[name] as Movement | undefined
    if (squares === 0) {
      assert.ok(!said?.moved, name)
      continue
    }
    assert.ok(said, `${name} moved by ${moved}`)
    const near = (x: number | null, y: number) => assert.ok(Math.abs((x ?? NaN) / y - 1) < 1e-4, `${name}: ${x} ≠ ${y}`)
    near(said.moved, moved)
    near(said.rows[0].share, row[1] / squares)
    assert.equal(said.rows[0].at, row[0], name)
    if (isMatrix) {
      assert.equal(said.columns[0].at, column[0], name)
      near(said.columns[0].share, column[1] / squares)
    } else assert.deepEqual(said.columns, [])
    assert.ok(said.rows.length <= 3 && said.rows.every(({ share }, i) => i === 0 || share <= said.rows[i - 1].share))
  }
}

describe('how far a tensor moved that lies on a device', () => {
  // Larger than a panel: rows move alike, but for a column and one number of a late row.
  const shape = [3001, 1500]
  const [before, after] = [new Float32Array(shape[0] * shape[1]), new Float32Array(shape[0] * shape[1])]
  for (let i = 0; i < before.length; i++) {
    before[i] = ((i * 7919) % 1000) / 500 - 1
    after[i] = before[i] + (i % 1500 === 7 ? 0.25 : 0) + (i === 4_400_000 ? 20 : 0)
  }
  const stored = new Uint16Array(before.length)
  for (let i = 0; i < before.length; i++) stored[i] = f32ToBf16(before[i])
  const sum = sumMovement(shape, 'bf16')
  sum.add(0, before, after)
  const whole = sum.result()

  for (const { name, open } of backends)
    it(`${name}: is the same in panels as at once, of bf16 values before and f32 values after`, async function () {
      const opened = await open()
      if ('reason' in opened) return lacks(this, opened.reason)
      const { backend } = opened
      try {
        const [old, now] = [upload(backend, 'bf16', shape, stored), upload(backend, 'f32', shape, after)]
        assert.deepEqual(await movementOf(backend, old, now, 'bf16'), whole)
        assert.deepEqual([whole.rows[0].at, whole.columns[0].at, whole.columns[1].at], [2933, 500, 7])
      } finally {
        await backend.close()
      }
    })
})

describe('how far a recovery moved what it trains', function () {
  this.timeout(120_000)
  const here = runPlace({ tiny: true })

  async function made(name: string, recover: object[], prune: object) {
    const calibration = { data: 'ids.safetensors', samples: 8, seq_len: 16 }
    const recipe = { version: 1, model: 'model', prune: [prune], calibration, recover, save: { to: name } }
    const report = await run(here.backend, { recipe: here.place.recipe(name, recipe) })
    return { report, tensors: await tensorsOf(here.place.path(name)) }
  }

  it('is the distance between the model before and after, by recovery and tensor', async () => {
    const data = { data: 'ids.safetensors', samples: 8, seq_len: 16 }
    const reconstruct = { mode: 'reconstruct', train: ['full'], steps: 3, lr: 1e-3 }
    const retrain = { mode: 'retrain', train: ['norm', 'mask_lora', 'embedding'], steps: 3, lr: 1e-3, ...data }
    const prune = { method: 'magnitude', sparsity: 0.5 }
    const pruned = await made('pruned', [], prune)
    const first = await made('first', [reconstruct], prune)
    const both = await made('both', [reconstruct, retrain], prune)
    const [one, other] = both.report.recoveries
    assert.ok(one.moved && other.moved)
    assert.deepEqual(one.moved, first.report.recoveries[0].moved)
    agree(one.moved, pruned.tensors, first.tensors)
    agree(other.moved, first.tensors, both.tensors)
    assert.ok(Object.keys(other.moved).some((name) => name.includes('embed_tokens')))

    const lines = readFileSync(join(both.report.run, 'events.jsonl'), 'utf8').trim().split('\n')
    const told = parseEvents(lines).flatMap((event) => (event.type === 'moved' ? [event] : []))
    const note = await readNote(here.place.path('both'))
    assert.ok(note)
    for (const [index, { moved }] of both.report.recoveries.entries())
      for (const moves of [told, note.moved])
        assert.deepEqual(
          Object.assign({}, ...moves.filter(({ recovery }) => recovery === index).map(({ tensors }) => tensors)),
          moved,
        )
    assert.equal((await readNote(here.place.path('pruned')))?.moved.length, 0)
  })

  it('is reported for a head with an update of its own, and for a refit', async () => {
    const data = { data: 'ids.safetensors', samples: 8, seq_len: 16 }
    const refit = { mode: 'refit' }
    const retrain = { mode: 'retrain', train: ['head'], steps: 3, lr: 1e-2, ...data }
    // Wanda would choose other weights after a refitted block.
    const prune = { method: 'magnitude', sparsity: 0.5 }
    const pruned = await made('pruned', [], prune)
    const refitted = await made('refitted', [refit], prune)
    const both = await made('both', [refit, retrain], prune)
    const [one, other] = both.report.recoveries
    assert.ok(one.moved && other.moved)
    agree(one.moved, pruned.tensors, refitted.tensors)
    const [head, ...others] = Object.keys(other.moved)
    assert.deepEqual([head, others.length], ['lm_head.weight', 0])
    const [embedding, trained] = [refitted.tensors.get('model.decoder.embed_tokens.weight'), both.tensors.get(head)]
    assert.ok(embedding && trained)
    const { moved, squares, row } = between(embedding, trained)
    assert.ok(Math.abs((other.moved[head].moved ?? NaN) / moved - 1) < 1e-4)
    assert.equal(other.moved[head].rows[0].at, row[0])
    assert.ok(squares > 0)
  })

  it('counts what the rounding of the checkpoint leaves: an update below half a step of bf16 is 0', () => {
    const sum = sumMovement([2, 2], 'bf16')
    sum.add(0, Float32Array.of(1, 2, 4, 0), Float32Array.of(1.001, 2, 4.5, 0))
    assert.deepEqual(sum.result(), {
      moved: Number((0.5 / Math.sqrt(21)).toPrecision(6)),
      rows: [{ at: 1, share: 1 }],
      columns: [{ at: 0, share: 1 }],
    })
    const none = sumMovement([3], 'f32')
    none.add(0, new Float32Array(3), new Float32Array(3))
    assert.deepEqual(none.result(), { moved: null, rows: [], columns: [] })
  })
})
