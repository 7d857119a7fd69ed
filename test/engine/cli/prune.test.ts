import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { readMaskFile } from '../../support/storedMasks.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { withTokenizer } from '../../support/llamaCpp.ts'
import { goldenPath } from '../../support/shared.ts'
import { readTensors } from '../../support/tensors.ts'

const calibration = ['--calibration', goldenPath('opt', 'prune', 'calib.safetensors'), '--samples', '16']

describe('sparsescope prune', () => {
  let temp: Scratch
  let out: string
  beforeEach(() => {
    temp = scratch()
    out = join(temp.folder, 'pruned')
  })
  const prune = (...args: string[]) => ['prune', goldenPath('opt'), '--out', out, '--device', 'cpu', ...args]

  it('writes the weights that the golden mask leaves, and leaves nothing else behind', async () => {
    const perp = ['--method', 'wanda', '--sparsity', '0.5', '--selection', 'perp', '--seq-len', '16']
    const json = await cliJson(...prune(...perp, ...calibration))
    const golden = await readTensors(goldenPath('opt', 'prune', 'wanda_u50.safetensors'))
    const dense = await readTensors(join(goldenPath('opt'), 'model.safetensors'))
    const pruned = await readTensors(join(out, 'model.safetensors'))
    for (const name of dense.names()) {
      const kept = golden.names().includes(`mask.${name.replace('.weight', '')}`)
        ? golden.u8(`mask.${name.replace('.weight', '')}`)
        : null
      const expected = dense.f32(name).map((w, i) => (kept?.[i] === 0 ? 0 : w))
      assert.deepEqual(pruned.f32(name), expected, name)
    }
    assert.deepEqual(readdirSync(temp.folder), ['pruned'])
    assert.ok(existsSync(join(out, 'sparsescope.mask')))
    const tensors = json.tensors as { name: string; zeros: number }[]
    assert.equal(tensors.length, 12)
    for (const { name, zeros } of tensors)
      assert.equal(zeros, golden.u8(`mask.${name.replace('.weight', '')}`).filter((kept) => kept === 0).length)
    assert.ok(Math.abs((json.sparsity as number) - 0.500326) < 1e-6)
    assert.equal((await readMaskFile(join(out, 'sparsescope.mask'))).size, 12)
  })

  it('names in warnings the options that were left out', async () => {
    const model = join(temp.folder, 'model')
    withTokenizer(goldenPath('opt'), model)
    const text = join(temp.folder, 'text.txt')
    writeFileSync(text, 'word '.repeat(4000))
    const wanda = ['--method', 'wanda', '--sparsity', '0.5', '--calibration', text, '--samples', '1']
    const { stdout } = await cli('prune', model, '--out', out, '--device', 'cpu', ...wanda)
    assert.match(stdout, /warning: --seq-len is not set here and will be \d+: set it\./)
  })

  it('takes several files of calibration text, in equal parts', async () => {
    const calib = goldenPath('opt', 'prune', 'calib.safetensors')
    const copy = join(temp.folder, 'copy.safetensors')
    copyFileSync(calib, copy)
    const wanda = ['--method', 'wanda', '--sparsity', '0.5', '--seq-len', '16']
    // Each gives its first eight windows, twice the same: what the eight of one decide.
    await cliJson(...prune(...wanda, '--calibration', calib, '--calibration', copy, '--samples', '16'))
    const eight = join(temp.folder, 'eight')
    const alone = prune(...wanda, '--calibration', calib, '--samples', '8')
    await cliJson(...alone.map((argument) => (argument === out ? eight : argument)))
    const weights = (folder: string) => readFileSync(join(folder, 'model.safetensors'))
    assert.deepEqual(weights(out), weights(eight))
    const twice = await cli(...prune(...wanda, '--calibration', calib, '--calibration', calib))
    assert.match(twice.stderr, /^sparsescope: --calibration: expected each file once/)
    assert.equal(twice.status, 2)
  })

  it('gives a checkpoint of torch.save the weights of its safetensors', async () => {
    const torch = new URL('../../fixtures/torch/opt', import.meta.url).pathname
    const wanda = ['--method', 'wanda', '--pattern', '2:4', '--seq-len', '16', ...calibration, '--device', 'cpu']
    await cliJson('prune', torch, '--out', join(temp.folder, 'fromTorch'), ...wanda)
    await cliJson('prune', goldenPath('opt'), '--out', out, ...wanda)
    const [a, b] = await Promise.all(
      ['fromTorch', 'pruned'].map((name) => readTensors(join(temp.folder, name, 'model.safetensors'))),
    )
    // The tied head, which OPT's files on the Hub carry along.
    assert.deepEqual(a.names().sort(), ['lm_head.weight', ...b.names()].sort())
    for (const name of b.names()) assert.deepEqual(a.f32(name), b.f32(name), name)
    assert.deepEqual(a.f32('lm_head.weight'), a.f32('model.decoder.embed_tokens.weight'))
    assert.deepEqual(readdirSync(join(temp.folder, 'fromTorch')).sort(), readdirSync(out).sort())
    // What transformers asks for before it loads a file.
    const file = readFileSync(join(temp.folder, 'fromTorch', 'model.safetensors'))
    const header = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE()))) as { __metadata__: object }
    assert.deepEqual(header.__metadata__, { format: 'pt' })
  })

  it('refuses what is impossible in one line, with 2, and writes nothing', async () => {
    for (const [args, message] of [
      [['--method', 'magnitude'], /--sparsity 0.5, or --pattern 2:4/],
      [['--method', 'wanda', '--sparsity', '0.5'], /--method wanda reads data/],
      [
        ['--method', 'magnitude', '--pattern', '2:5'],
        /^sparsescope: --pattern: Groups of 5 do not fit .*q_proj \(48 inputs\).*ignore them or choose another pattern/,
      ],
      [['--method', 'magnitude', '--sparsity', '1.5'], /^sparsescope: Sparsity is a fraction/],
      [['--method', 'sharpest', '--sparsity', '0.5'], /sharpest/],
      [
        ['--method', 'random', '--sparsity', '0.5', '--targets', 'fc9'],
        /^sparsescope: --targets: fc9 matches no module/,
      ],
      [['--method', 'random', '--sparsity', '0.5', '--max-shard', 'big'], /^sparsescope: --max-shard: expected a size/],
      [
        ['--method', 'wanda', '--sparsity', '0.5', ...calibration.slice(0, 2), '--samples', '0'],
        /^sparsescope: --samples: expected/,
      ],
      [
        ['--method', 'wanda', '--sparsity', '0.5', ...calibration, '--seq-len', '999'],
        /^sparsescope: --seq-len: .*positions/,
      ],
    ] as const) {
      const { status, stderr } = await cli(...prune(...args))
      assert.equal(status, 2, args.join(' '))
      assert.match(stderr, message)
      assert.deepEqual(readdirSync(temp.folder), [])
    }
  })

  it('takes back the folders it made for an output that never came', async () => {
    const deep = join(temp.folder, 'a', 'b', 'out')
    const args = ['--out', deep, '--method', 'random', '--sparsity', '0.5', '--device', 'cpu']
    assert.equal((await cli('prune', join(temp.folder, 'nowhere'), ...args)).status, 2)
    assert.deepEqual(readdirSync(temp.folder), [])
    assert.equal((await cli('prune', goldenPath('opt'), ...args)).status, 0)
    assert.deepEqual(readdirSync(join(temp.folder, 'a', 'b')), ['out'])
  })

  it('never overwrites', async () => {
    const once = prune('--method', 'random', '--sparsity', '0.5')
    assert.equal((await cli(...once)).status, 0)
    const { status, stderr } = await cli(...once)
    assert.equal(status, 2)
    assert.match(stderr, /exists already/)
  })
})
