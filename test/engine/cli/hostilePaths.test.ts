// Every path that a command takes, given what is no file: one line on stderr, and exit 2.
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandsBeside } from '../../support/besides.ts'
import { closeSockets, hostilePaths } from '../../support/hostilePaths.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { cannot } from '../../support/skip.ts'

/** Far more than any takes, far less than for ever. */
const limitMs = 120_000
const all = process.env.SPARSESCOPE_TORTURE === '1'

describe('paths that lead to no file', function () {
  this.timeout(300_000)
  let place: Scratch
  let root = ''
  const beside = commandsBeside(limitMs)
  before(function () {
    if (process.platform === 'win32')
      cannot(this, 'pipes, sockets and devices have no paths among the files of Windows')
    // Sockets have short names.
    place = scratch()
    root = place.folder
  })
  after(() => {
    beside.stop()
    closeSockets()
  })

  let count = 0
  /** A recipe with `more`; JSON is YAML. */
  const recipe = (more: object) => place.recipe(`${count++}`, { version: 1, model: goldenPath('opt'), ...more })
  const model = goldenPath('opt')
  const ids = goldenPath('opt', 'prune', 'calib.safetensors')
  const prune = [{ method: 'wanda', sparsity: 0.5 }]
  const half = [{ method: 'magnitude', sparsity: 0.5 }]
  const learn = { mode: 'retrain', train: ['bias'], steps: 1, data: ids, samples: 2, seq_len: 8 }
  const run = (more: object) => ['run', recipe(more)]
  const places: [string, string, (path: string) => string[]][] = [
    ['inspect, a weight file', '.safetensors', (p) => ['inspect', p]],
    ['inspect, an index', '.index.json', (p) => ['inspect', p]],
    ['compare, the second', '.safetensors', (p) => ['compare', model, p]],
    ['forward --ids', '.safetensors', (p) => ['forward', model, '--ids', p, '--out', join(root, 'o')]],
    ['evaluate --data, text', '.txt', (p) => ['evaluate', model, '--data', p]],
    ['evaluate --data, lines', '.jsonl.gz', (p) => ['evaluate', model, '--data', p]],
    ['evaluate --data, a table', '.parquet', (p) => ['evaluate', model, '--data', p]],
    [
      'prune --calibration',
      '.safetensors',
      (p) => ['prune', model, '--method', 'wanda', '--sparsity', '0.5', '--calibration', p, '--out', join(root, 'o')],
    ],
    ['lint', '.prune.yaml', (p) => ['lint', p]],
    ['run, the recipe', '.prune.yaml', (p) => ['run', p]],
    ['run, the model', '.safetensors', (p) => run({ model: p, prune: half })],
    ['run, calibration.data', '.jsonl', (p) => run({ prune, calibration: { data: p, samples: 2, seq_len: 8 } })],
    ['run, recover.data', '.jsonl', (p) => run({ prune: half, recover: { ...learn, data: p } })],
    [
      'run, recover.lora.init',
      '.safetensors',
      (p) => run({ prune: half, recover: { ...learn, train: ['mask_lora'], lora: { init: p } } }),
    ],
    ['run, evaluate.data', '.txt', (p) => run({ prune: half, evaluate: [{ data: p, seq_len: 8, at: ['pruned'] }] })],
  ]

  /** Endless inputs are tried everywhere, the rest one at each place; all with SPARSESCOPE_TORTURE=1. */
  const endless = ['pipe', 'zero']
  const isTried = (name: string, rest: readonly string[], index: number) =>
    all || endless.includes(name) || name === rest[index % rest.length]

  for (const [index, [place, ending, argsOf]] of places.entries())
    it(place, async () => {
      const folder = join(root, String(count++))
      mkdirSync(folder)
      const kinds = await hostilePaths(folder, ending)
      const rest = Object.keys(kinds).filter((name) => !endless.includes(name))
      const paths = Object.entries(kinds).filter(([name]) => isTried(name, rest, index))
      // An argument cannot hold a NUL, a recipe can.
      if (place.startsWith('run, ') && place !== 'run, the recipe') paths.push(['NUL', `a\0b${ending}`])
      for (const [name, path] of paths) {
        const ended = await beside.cliIn(root, ...argsOf(path))
        assert.ok(ended, `${place}: ${name} has no end`)
        const { status, stderr } = ended
        const said = `${place}: ${name}: ${status}: ${stderr}`
        assert.equal(status, 2, said)
        assert.match(stderr.trimEnd(), /(^|\n)sparsescope: [^\n]+$/, said)
        assert.doesNotMatch(stderr, /internal error|\n\s+at /, said)
      }
    })
})
