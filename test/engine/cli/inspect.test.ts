import assert from 'node:assert/strict'
import { createRng } from '../../../src/engine/rng.ts'
import { cli, cliJson } from '../../support/cli.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

interface Json {
  tensors: {
    name: string
    role: string
    zeros?: number
    sparsity?: number
    nm?: Record<string, { groups: number; violations: number }>
  }[]
  totals: {
    parameters: number
    linears: { parameters: number; zeros: number; sparsity: number | null }
    layers: { block: number }[]
    roles: Record<string, { parameters: number }>
  }
}

describe('sparsescope inspect', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const inspect = async (...args: string[]) => (await cliJson('inspect', ...args)) as unknown as Json

  it('lists every tensor in JSON, with no statistics unless asked', async () => {
    const { tensors, totals } = await inspect(goldenPath('gpt2'))
    assert.equal(tensors.length, 28)
    assert.ok(tensors.every((t) => t.zeros === undefined))
    // 2 blocks of c_attn 48·144, c_proj 48·48, c_fc 48·192 and c_proj 192·48.
    assert.equal(totals.linears.parameters, 2 * (48 * 144 + 48 * 48 + 2 * 48 * 192))
    assert.deepEqual(
      totals.layers.map((l) => l.block),
      [0, 1],
    )
    assert.equal(totals.roles.embedding.parameters, (160 + 32) * 48)
  })

  it('counts zeros of the block linears apart from embeddings, norms and head', async () => {
    const rng = createRng(1)
    const zeros = (count: number, share: number) =>
      Float32Array.from({ length: count }, () => (rng.uniform() < share ? 0 : 1))
    const up = zeros(64, 0.5)
    temp.write(
      'model.safetensors',
      safetensors({
        'model.embed_tokens.weight': f32([8, 8], zeros(64, 1)),
        'model.layers.0.mlp.up_proj.weight': f32([8, 8], up),
        'model.layers.0.input_layernorm.weight': f32([8], zeros(8, 1)),
        'lm_head.weight': f32([8, 8], zeros(64, 1)),
      }),
    )
    const { totals } = await inspect(temp.folder, '--stats')
    const count = up.filter((v) => v === 0).length
    assert.deepEqual(totals.linears, { ...totals.linears, parameters: 64, zeros: count, sparsity: count / 64 })
  })

  it('names the tensors with NaN or infinite values', async () => {
    const weights = safetensors({ a: f32([2, 2], [NaN, 1, -Infinity, 2]), b: f32([2], [1, 2]) })
    temp.write('model.safetensors', weights)
    assert.match((await cli('inspect', temp.folder, '--stats')).stdout, /^NaN or infinite values in a \(2\)$/m)
    temp.write('model.safetensors', safetensors({ a: f32([2], [1, 2]) }))
    assert.doesNotMatch((await cli('inspect', temp.folder, '--stats')).stdout, /infinite/)
  })

  it('checks N:M along the inputs, also where the checkpoint stores [in, out]', async () => {
    // 2:4 down the columns of the stored [4, 2]: inputs 0 and 1 of both outputs are zero.
    const stored = f32([4, 4], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1])
    temp.write(
      'model.safetensors',
      safetensors({
        'transformer.wte.weight': f32([2, 4], new Float32Array(8).fill(1)),
        'transformer.h.0.attn.c_proj.weight': stored,
      }),
    )
    temp.write(
      'config.json',
      JSON.stringify({ model_type: 'gpt2', n_embd: 4, n_layer: 1, n_head: 1, n_positions: 2, vocab_size: 2 }),
    )
    const name = 'transformer.h.0.attn.c_proj.weight'
    const nm = async () => (await inspect(temp.folder, '--tensor', name, '--nm', '2:4,3:4')).tensors[0].nm
    assert.deepEqual(await nm(), { '2:4': { groups: 4, violations: 0 }, '3:4': { groups: 4, violations: 4 } })
    temp.write('config.json', '{}')
    assert.deepEqual(await nm(), { '2:4': { groups: 4, violations: 2 }, '3:4': { groups: 4, violations: 2 } })
  })

  it('lists types smaller than a byte and unknown types, and says why they have no statistics', async () => {
    const data = new Uint8Array(4)
    const tensors = {
      packed: { dtype: 'F4', shape: [8], data },
      scales: { dtype: 'F8_E8M0', shape: [4], data },
      quantised: { dtype: 'I4', shape: [8], data },
    }
    temp.write('model.safetensors', safetensors(tensors))
    const found = (await inspect(temp.folder, '--stats')).tensors as (Json['tensors'][number] & {
      unreadable?: string
    })[]
    assert.deepEqual(
      found.map(({ name, zeros, unreadable }) => [name, zeros, unreadable]),
      [
        ['packed', undefined, 'numbers of F4 are smaller than a byte'],
        ['scales', 0, undefined],
        ['quantised', undefined, 'the type I4 is unknown'],
      ],
    )
    const { stdout } = await cli('inspect', temp.folder, '--stats')
    assert.match(stdout, /1 tensor without statistics: numbers of F4 are smaller than a byte/)
    assert.match(
      (await cli('inspect', temp.folder, '--tensor', 'quantised')).stdout,
      /no statistics: the type I4 is unknown/,
    )
  })

  it('prints the summary first, and the tensors only with --tensors', async () => {
    const { status, stdout } = await cli('inspect', goldenPath('opt'), '--stats')
    assert.equal(status, 0)
    assert.match(stdout, /^[^\n]*opt: \d+ tensors in 1 file, [^\n]*\nsparsity of the block linears: 0\.00 %\n\nrole /)
    assert.doesNotMatch(stdout, /fc1/)
    const listed = await cli('inspect', goldenPath('opt'), '--stats', '--tensors')
    assert.ok(listed.stdout.startsWith(stdout.trimEnd()))
    assert.match(listed.stdout, /model\.decoder\.layers\.0\.fc1\.weight +F32 +\[96, 48\]/)
  })

  it('prints blocks and tensors in natural order, and keeps the order of the file in JSON', async () => {
    const stored = ['10', '1', '2'].map((layer) => `model.layers.${layer}.mlp.up_proj.weight`)
    const tensors = Object.fromEntries(stored.map((name) => [name, f32([2, 2], [1, 2, 3, 4])]))
    temp.write('model.safetensors', safetensors(tensors))
    const { stdout } = await cli('inspect', temp.folder, '--stats', '--tensors')
    assert.deepEqual(
      [...stdout.matchAll(/^model\.layers\.(\d+)/gm)].map(([, layer]) => layer),
      ['1', '2', '10'],
    )
    assert.match(stdout, /linears of block .*\n +1 .*\n +2 .*\n +10 /)
    const json = await inspect(temp.folder, '--stats')
    assert.deepEqual(
      json.tensors.map(({ name }) => name),
      stored,
    )
    assert.deepEqual(
      json.totals.layers.map(({ block }) => block),
      [10, 1, 2],
    )
  })

  it('says in the summary which N:M patterns the block linears keep', async () => {
    const weights = Float32Array.from({ length: 64 }, (_, i) => (i % 4 < 2 ? 0 : 1))
    weights[0] = 1
    temp.write('model.safetensors', safetensors({ 'model.layers.0.mlp.up_proj.weight': f32([8, 8], weights) }))
    const { stdout } = await cli('inspect', temp.folder, '--stats')
    assert.match(stdout, /^sparsity of the block linears: 48\.44 %\n2:4 in the block linears: 6\.25 % broken$/m)
  })

  it('says nothing of N:M where a dense model breaks it everywhere', async () => {
    const all = (await cli('inspect', goldenPath('opt'), '--stats', '--tensors')).stdout
    assert.doesNotMatch(all, /broken|2:4/)
    const one = await cli('inspect', goldenPath('opt'), '--tensor', 'model.decoder.layers.0.fc1.weight')
    assert.match(one.stdout, /zeros +0 /)
    assert.doesNotMatch(one.stdout, /break it/)
  })

  it('says that there are no block linears instead of a sparsity of theirs', async () => {
    temp.write('model.safetensors', safetensors({ 'model.norm.weight': f32([4], [0, 1, 2, 3]) }))
    const { stdout } = await cli('inspect', temp.folder, '--stats')
    assert.match(stdout, /no linears of blocks/)
    assert.doesNotMatch(stdout, /sparsity of the block linears/)
    assert.equal((await inspect(temp.folder, '--stats')).totals.linears.sparsity, null)
  })

  it('shows a few zeros among many weights as more than 0.00 %', async () => {
    const weights = new Float32Array(256 * 256).fill(1).fill(0, 0, 2)
    temp.write('model.safetensors', safetensors({ 'model.layers.0.mlp.up_proj.weight': f32([256, 256], weights) }))
    assert.match((await cli('inspect', temp.folder, '--stats')).stdout, /sparsity of the block linears: < 0\.01 %/)
  })

  it('shows the histogram of F64 values whose distance is infinite', async () => {
    const data = new Uint8Array(Float64Array.of(1e308, -1e308, 1e308, -1e308).buffer)
    temp.write('model.safetensors', safetensors({ t: { dtype: 'F64', shape: [2, 2], data } }))
    const { stdout } = await cli('inspect', temp.folder, '--tensor', 't')
    assert.match(stdout, /^mean, std +0\.00000, 1\.00000e\+308$/m)
    assert.match(stdout, /^-1\.000e\+308 █+ 2$/m)
    assert.doesNotMatch(stdout, /NaN|Infinity/)
  })

  it('ends with 2 and one line for bad input', async () => {
    temp.write('model.safetensors', 'version https://git-lfs.github.com/spec/v1\n')
    for (const args of [
      [temp.folder],
      [temp.path('nothing')],
      [goldenPath('opt'), '--tensor', 'fc9'],
      [goldenPath('opt'), '--nm', '4:2'],
    ]) {
      const { status, stdout, stderr } = await cli('inspect', ...args)
      assert.equal(status, 2, args.join(' '))
      assert.equal(stdout, '')
      assert.match(stderr, /^sparsescope: .*\n$/)
    }
  })
})
