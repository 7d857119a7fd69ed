// `swaps` in a run: lower errors at the same sparsity of each row, its certificate, and the same certificate from the saved folder.
import assert from 'node:assert/strict'
import { cpSync } from 'node:fs'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { lint } from '../../../src/lint/lint.ts'
import { readNote } from '../../../src/engine/run/origin/note.ts'
import type { MatrixCertificate } from '../../../src/plan/certificate.ts'
import { cli } from '../../support/cli.ts'
import { run } from '../../support/runs.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('prune.swaps', () => {
  let backend: Backend
  let place: Scratch
  before(async () => {
    backend = await openCpu({ threads: 2 })
    place = scratch()
  })
  after(() => backend.close())

  const data = goldenPath('opt', 'prune', 'calib.safetensors')
  const recipe = (name: string, step: object, more: object = {}) =>
    place.recipe(name, {
      version: 1,
      model: goldenPath('opt'),
      prune: [step],
      calibration: { data },
      save: { to: name },
      ...more,
    })
  const weightsOf = async (name: string) => {
    const saved = await openCheckpoint(place.path(name))
    const entry = [...saved.tensors.values()].find((tensor) => tensor.name.endsWith('layers.0.fc1.weight'))
    assert.ok(entry)
    const { buffer } = await saved.read(entry.name)
    await saved.close()
    return { values: new Float32Array(buffer), columns: entry.shape[1] }
  }
  const zerosBy = ({ values }: { values: Float32Array }, size: number) =>
    Array.from({ length: values.length / size }, (_, i) =>
      values.subarray(i * size, (i + 1) * size).reduce((count, w) => count + Number(w === 0), 0),
    )

  for (const [name, step] of Object.entries({
    wanda: { method: 'wanda', sparsity: 0.5 },
    magnitude: { method: 'magnitude', sparsity: 0.5 },
    'wanda-2of4': { method: 'wanda', pattern: '2:4' },
    'wanda-global': { method: 'wanda', sparsity: 0.5, scope: 'global' },
  }))
    it(`lowers the error with as many zeros in each row or group: ${name}`, async () => {
      // One swap that is not made leaves the certificate of the plain mask.
      await run(backend, { recipe: recipe(name, step) })
      const some = await run(backend, { recipe: recipe(`${name}-1`, { ...step, swaps: 1 }) })
      const all = await run(backend, { recipe: recipe(`${name}-auto`, { ...step, swaps: 1000 }) })
      const [plain, swapped] = await Promise.all([name, `${name}-auto`].map(weightsOf))
      const size = 'pattern' in step ? 4 : plain.columns
      assert.deepEqual(zerosBy(swapped, size), zerosBy(plain, size))
      assert.notDeepEqual(swapped.values, plain.values)
      assert.ok(some.certificate && all.certificate)
      assert.ok(some.certificate.room > 0 && some.certificate.rows_without_room < 1)
      assert.ok(all.certificate.error < some.certificate.error)
      assert.equal(all.certificate.room.toFixed(5), '0.00000')
    })

  it('reports certificates of methods that solve, and none where no Hessian is available', async () => {
    const solved = await run(backend, { recipe: recipe('sparsegpt', { method: 'sparsegpt', sparsity: 0.5 }) })
    const modules = solved.blocks.flatMap(({ modules }) => Object.values(modules))
    assert.ok(modules.every(({ certificate }) => certificate && certificate.room >= 0 && certificate.error > 0))
    const plain = await run(backend, { recipe: recipe('plain', { method: 'wanda', sparsity: 0.5 }) })
    assert.equal(plain.certificate, null)
  })

  for (const [name, step] of Object.entries({
    'cli-wanda': { method: 'wanda', sparsity: 0.5, swaps: 2 },
    'cli-2of4': { method: 'wanda', pattern: '2:4', swaps: 1 },
    'cli-sparsegpt': { method: 'sparsegpt', sparsity: 0.5 },
  }))
    it(`is what inspect --certificate finds in the saved folder: ${name}`, async () => {
      const report = await run(backend, { recipe: recipe(name, step) })
      const args = ['--certificate', '--dense', goldenPath('opt'), '--calibration', data, '--device', 'cpu']
      const { status, stdout, stderr } = await cli('inspect', place.path(name), ...args, '--json')
      assert.equal(status, 0, stderr)
      const found = JSON.parse(stdout) as {
        certificate: MatrixCertificate
        matrices: (MatrixCertificate & { name: string; group: number; room_by_row: number[] })[]
      }
      const told = Object.assign(
        {},
        ...report.blocks.map(({ modules }) => modules),
      ) as (typeof report.blocks)[0]['modules']
      assert.deepEqual(found.matrices.map((one) => one.name).sort(), Object.keys(told).sort())
      for (const { name: matrix, group, room, error, room_by_row: rows } of found.matrices) {
        assert.equal(group, 'pattern' in step ? 4 : 0)
        const { certificate } = told[matrix]
        assert.ok(certificate)
        // Solved weights are rounded once they are saved.
        assert.ok(Math.abs(error / certificate.error - 1) < 1e-5, `${matrix}: ${error}, ${certificate.error}`)
        assert.ok(Math.abs(room - certificate.room) < 1e-5, `${matrix}: ${room}, ${certificate.room}`)
        assert.equal(rows.length, certificate.rows)
      }
      const note = await readNote(place.path(name))
      for (const [matrix, { certificate }] of Object.entries(told))
        assert.deepEqual(note?.certificates[`${matrix}.weight`], certificate)
      assert.ok(report.certificate && Math.abs(found.certificate.room - report.certificate.room) < 1e-5)
    })

  it('is reported by analyse for each way of pruning', async () => {
    // An analysis keeps what it has measured beside the model.
    cpSync(goldenPath('opt'), place.path('dense'), { recursive: true })
    const args = [
      '--calibration',
      data,
      '--method',
      'magnitude',
      'sparsegpt',
      '--sparsity',
      '0.5',
      '--device',
      'cpu',
      '--json',
    ]
    const { status, stdout, stderr } = await cli('analyse', place.path('dense'), ...args)
    assert.equal(status, 0, stderr)
    const { modules } = JSON.parse(stdout) as { modules: { errors: { method: string; room: number }[] }[] }
    for (const { errors } of modules) {
      assert.equal(errors.length, 2)
      assert.ok(errors.every(({ room }) => room >= 0 && room < 1))
      // A mask by magnitude has seen no input.
      assert.ok(errors[0].room > 0)
    }
  })

  it('says what --certificate needs', async () => {
    const alone = await cli('inspect', goldenPath('opt'), '--certificate')
    assert.equal(alone.status, 2)
    assert.match(alone.stderr, /add --dense MODEL and --calibration FILE/)
    const idle = await cli('inspect', goldenPath('opt'), '--dense', goldenPath('opt'))
    assert.match(idle.stderr, /--dense has no effect without --certificate/)
    const other = ['--dense', goldenPath('llama'), '--calibration', data, '--certificate']
    assert.match((await cli('inspect', goldenPath('opt'), ...other)).stderr, /is not the dense model of/)
  })

  it('says that --swaps needs text, also with a method that does not', async () => {
    const step = ['--method', 'magnitude', '--sparsity', '0.5', '--swaps', 'auto', '--out', 'never']
    const { status, stderr } = await cli('prune', goldenPath('opt'), ...step)
    assert.equal(status, 2)
    assert.match(stderr, /--swaps reads data: name a file with --calibration/)
  })

  it('is linted: it needs calibration, and has no effect with a method that solves', () => {
    const findings = (text: string) => lint(`version: 1\nmodel: m\nsave: {to: out}\nseed: 0\n${text}`).findings
    const rules = (text: string) => findings(text).map((f) => f.rule)
    const calibration = 'calibration: {data: a.jsonl, samples: 128, seq_len: 64}\nrecover: {mode: refit}'
    const [missing] = findings('prune: [{sparsity: 0.3, swaps: auto}]')
    assert.equal(missing.rule, 'M1')
    assert.match(missing.message, /^swaps needs calibration data/)
    assert.deepEqual(rules(`prune: [{sparsity: 0.3, swaps: auto}]\n${calibration}`), [])
    assert.deepEqual(rules('prune: [{sparsity: 0.3, swaps: 0}]'), [])
    assert.deepEqual(rules(`prune: [{method: sparsegpt, sparsity: 0.3, swaps: 5}]\n${calibration}`), ['S6'])
    assert.deepEqual(rules(`prune: [{sparsity: 0.3, swaps: -1}]\n${calibration}`), ['S7'])
  })
})
