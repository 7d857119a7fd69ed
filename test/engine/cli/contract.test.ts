// Rules that hold for every command.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli, cliJson, entry } from '../../support/cli.ts'
import { goldenModel } from '../../support/goldens.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { cannot } from '../../support/skip.ts'

const commands = [
  'inspect',
  'mcp',
  'analyse',
  'compare',
  'forward',
  'evaluate',
  'generate',
  'prune',
  'run',
  'sweep',
  'report',
  'lint',
  'pull',
  'push',
  'doctor',
  'schema',
]
const model = goldenPath('opt')
const ids = goldenPath('opt', 'prune', 'calib.safetensors')
const random = ['--method', 'random', '--sparsity', '0.5', '--device', 'cpu']

describe('every command', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  for (const name of commands)
    it(`${name} --help shows --json, --device and an example`, async () => {
      const { status, stdout } = await cli(name, '--help')
      assert.equal(status, 0)
      for (const part of ['--json', '--device', 'Examples:', `$ sparsescope ${name}`]) assert.ok(stdout.includes(part))
    })

  for (const [what, ...args] of [
    ['an unknown command', 'prunee'],
    ['an unknown option', 'inspect', model, '--stat'],
    ['a missing argument', 'compare', model],
    ['a missing option', 'evaluate', model],
    ['a device that is none', 'evaluate', model, '--data', ids, '--device', 'cuda'],
    ['a GPU on the CPU', 'evaluate', model, '--data', ids, '--device', 'cpu', '--adapter', 'any'],
    ['device memory that is no size', 'evaluate', model, '--data', ids, '--device-memory', 'banana'],
    ['device memory of the CPU', 'evaluate', model, '--data', ids, '--device', 'cpu', '--device-memory', '1GB'],
    ['a temperature below 0', 'generate', model, '--prompt', 'x', '--temperature', '-1'],
    ['a share above 1', 'generate', model, '--prompt', 'x', '--top-p', '1.5'],
    ['a size that is none', 'evaluate', model, '--data', ids, '--memory', '0'],
    ['a folder as output file', 'forward', model, '--ids', ids, '--out', model],
    ['an output in a folder that is not there', 'forward', model, '--ids', ids, '--out', join(model, 'no', 'out')],
    ['an output below a file', 'prune', model, '--method', 'random', '--sparsity', '0.5', '--out', join(ids, 'out')],
    ['a folder as recipe', 'run', model],
    ['an analysis into the folder of the model', 'analyse', model, '--out', join(model, 'map.json')],
    ['errors of nothing', 'analyse', model, '--method', 'wanda'],
    ['a sparsity of 1', 'analyse', model, '--calibration', ids, '--sparsity', '1'],
    ['a pattern that does not divide', 'analyse', model, '--calibration', ids, '--pattern', '3:7', '--device', 'cpu'],
    ['a pattern that is none', 'analyse', model, '--calibration', ids, '--pattern', '2to4', '--device', 'cpu'],
    ['a seed that is none', 'analyse', model, '--calibration', ids, '--seed', 'x'],
    ['two texts where one is taken', 'analyse', model, '--calibration', ids, '--calibration', ids],
  ])
    it(`refuses ${what} with 2 and one line`, async () => {
      const { status, stdout, stderr } = await cli(...args)
      assert.equal(status, 2, stderr)
      assert.equal(stdout, '')
      assert.match(stderr, /^sparsescope: .+\n$/)
    })

  const windows = ['--samples', '2', '--seq-len', '8']
  const certificate = ['inspect', model, '--certificate', '--dense', model, '--calibration', ids]
  for (const [message, ...args] of [
    ["option '--data <file>' is given twice", 'evaluate', model, '--data', ids, '--data', ids],
    ["option '--out <folder>' is given twice", 'prune', model, ...random.slice(0, 4), '--out', 'a', '--out', 'b'],
    ["option '--data <file>' is empty", 'evaluate', model, '--data', ''],
    ['an argument is empty: give a path or a name', 'compare', model, ''],
    ['an argument is empty: give a path or a name', 'report', model, ''],
    ['--samples has no effect without data: add --calibration', 'prune', model, ...random, ...windows, '--out', 'a'],
    ['--resume runs the rest of a run, --dry-run', 'run', 'r.prune.yaml', '--dry-run', '--resume', 'x'],
    ['--stats has no effect with --certificate', ...certificate, '--stats'],
    ['--tensor has no effect with --certificate', ...certificate, '--tensor', 'x'],
    ['--samples has no effect without --certificate', 'inspect', model, ...windows],
    ['--field has no effect with a .txt file', ...certificate.slice(0, -1), 'a.txt', '--field', 'text'],
    ['--nm has no effect without the weights: add --stats', 'inspect', model, '--nm', '1:4'],
    ['--tensors lists all', 'inspect', model, '--tensors', '--tensor', 'x'],
    ['--seed needs data to measure on: add --calibration', 'analyse', model, '--seed', '1'],
    ['--severity lr-off-grid=off=error: expected', 'lint', 'r.yaml', '--severity', 'lr-off-grid=off=error'],
    ['--items adds to the JSON object', 'evaluate', model, '--task', 'boolq', '--data', 'a.jsonl', '--items'],
    ['--field has no effect with a .txt file', 'evaluate', model, '--data', 'a.txt', '--field', 'text'],
    ['--limit has no effect with task perplexity', 'evaluate', model, '--data', ids, '--limit', '3'],
    ['--max-shard applies to a folder only', 'convert', model, 'a.gguf', '--max-shard', '1GB'],
    ['--index has no effect with sweep status', 'sweep', 'status', 'r.yaml', '--index', '0'],
    ['--slurm has no effect with sweep plan', 'sweep', 'plan', 'r.yaml', '--index', '0', '--slurm', 'cpus=1'],
  ])
    it(`refuses what it would ignore: ${message}`, async () => {
      const { status, stdout, stderr } = await cli(...args)
      assert.deepEqual([status, stdout], [2, ''], stderr)
      assert.ok(stderr.startsWith(`sparsescope: ${message}`), stderr)
    })

  it('takes a list in one option or several, and a flag twice', async () => {
    const { modules } = await cliJson(
      ...['analyse', model, '--calibration', ids, '--device', 'cpu', '--json', '--method', 'wanda'],
      ...['--method', 'magnitude', '--sparsity', '0.5', '--sparsity', '0.6'],
    )
    assert.equal((modules as { errors: unknown[] }[])[0].errors.length, 4)
  })

  it('refuses ids that lack a field in analyse before it reads any value of the model', async () => {
    const { status, stderr } = await cli('analyse', model, '--calibration', ids, '--field', 'nope', '--device', 'cpu')
    assert.equal(status, 2)
    // The scan of the values would print its progress first.
    assert.match(stderr, /^sparsescope: .*nope/)
  })

  it("prints the contract's JSON in analyse, which --out writes too, once", async () => {
    const copy = join(temp.folder, 'opt')
    cpSync(model, copy, { recursive: true })
    const out = join(temp.folder, 'map.json')
    const args = ['analyse', copy, '--calibration', ids, '--method', 'wanda', '--sparsity', '0.5', '--device', 'cpu']
    const analysis = await cliJson(...args, '--sensitivity', 'block', '--out', out)
    const [module] = analysis.modules as Record<string, unknown>[]
    const keys = ['name', 'block', 'activation', 'errors', 'sensitivity', 'std', 'kurtosis', 'outliers']
    assert.deepEqual(Object.keys(module).sort(), keys.sort())
    assert.deepEqual(Object.keys(module.activation as object), ['norm', 'outliers', 'effective_rank'])
    assert.deepEqual(Object.keys((module.errors as object[])[0]), ['method', 'sparsity', 'pattern', 'error', 'room'])
    assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), analysis)
    const again = await cli(...args, '--out', out)
    assert.equal(again.status, 2)
    assert.match(again.stderr, /^sparsescope: .* is there already: choose another name\n$/)
  })

  it('accepts and refuses in --dry-run what the run would', async () => {
    const recipe = join(temp.folder, 'a.prune.yaml')
    const write = (target: string) =>
      writeFileSync(recipe, JSON.stringify({ version: 1, model, prune: [{ targets: [target] }], save: { to: 'out' } }))
    write('Linear')
    const { prunedModules } = await cliJson('run', recipe, '--dry-run')
    assert.equal(prunedModules, 12)
    write('model.decoder.embed_tokens')
    for (const args of [[], ['--dry-run'], ['--dry-run', '--json']]) {
      const { status, stdout, stderr } = await cli('run', recipe, ...args)
      assert.equal(status, 2)
      assert.equal(stdout, '')
      assert.match(stderr, /^sparsescope: .*embed_tokens.*\n$/)
    }
    // Only the plan finds this, with the model at hand: its norms have no parameters.
    const recover = { mode: 'retrain', train: ['norm'], data: 'ids.safetensors', seq_len: 8 }
    const plain = goldenModel('olmo')
    writeFileSync(recipe, JSON.stringify({ version: 1, model: plain, prune: [{ sparsity: 0.5 }], recover }))
    const refused = await cli('run', recipe, '--dry-run')
    assert.equal(refused.status, 2, refused.stdout)
    assert.match(
      refused.stderr,
      /recover\.train: Nothing would be trained, as this model has no norm weights: train \[mask_lora\]\.\n$/,
    )
    assert.deepEqual(readdirSync(temp.folder), ['a.prune.yaml'])
  })

  it('continues when the reader of its output has gone', async () => {
    const child = spawn(process.execPath, [entry, 'prune', model, ...random, '--out', join(temp.folder, 'out')])
    child.stdout.destroy()
    child.stderr.destroy()
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
    assert.deepEqual(readdirSync(temp.folder), ['out'])
  })

  it('stops at SIGINT with 130 and leaves no partial output', async function () {
    if (process.platform === 'win32') return cannot(this, 'Windows has no such signals')
    const recipe = join(temp.folder, 'a.prune.yaml')
    const recover = { mode: 'retrain', train: ['bias'], steps: 1e6, data: ids, samples: 16, seq_len: 16 }
    writeFileSync(recipe, JSON.stringify({ version: 1, model, prune: [{}], recover, save: { to: 'out' } }))
    const child = spawn(process.execPath, [entry, 'run', recipe, '--device', 'cpu'])
    // Once: a second signal kills it at once.
    let asked = false
    child.stderr.on('data', (text: Buffer) => {
      if (!asked && text.includes('retrain')) asked = child.kill('SIGINT')
    })
    assert.equal(await new Promise((resolve) => child.on('close', resolve)), 130)
    assert.deepEqual(readdirSync(temp.folder).sort(), ['.sparsescope', 'a.prune.yaml'])
  })

  it('replaces no input: forward keeps its ids and the model', async () => {
    const [copy, own] = [join(temp.folder, 'model'), join(temp.folder, 'ids.safetensors')]
    cpSync(model, copy, { recursive: true })
    cpSync(ids, own)
    const files = [
      own,
      ...readdirSync(copy, { withFileTypes: true })
        .filter((e) => e.isFile())
        .map(({ name }) => join(copy, name)),
    ]
    const before = files.map((file) => readFileSync(file, 'base64'))
    for (const out of [join(copy, 'model.safetensors'), join(copy, 'out.safetensors'), own]) {
      const { status, stderr } = await cli('forward', copy, '--ids', own, '--out', out, '--device', 'cpu')
      assert.equal(status, 2)
      assert.match(stderr, /never changed|--ids and would replace it/)
    }
    assert.deepEqual(
      files.map((file) => readFileSync(file, 'base64')),
      before,
    )
  })
})
