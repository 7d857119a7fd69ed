// GGUF files as checkpoints that are looked at: numbers, statistics, split models, and who refuses them.
import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { openInspection, openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { inspectCheckpoint } from '../../../../src/engine/checkpoint/stats/inspectCheckpoint.ts'
import { EngineError } from '../../../../src/engine/errors.ts'
import { cli } from '../../../support/cli.ts'
import { ggufFile, keyText, keyTexts, type GgufTensorBytes } from '../../../support/gguf.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

const f32 = (dims: number[], values: number[]): GgufTensorBytes => ({
  type: 0,
  dims,
  data: new Uint8Array(Float32Array.from(values).buffer),
})
/** Rows of 64 weights in Q8_0 with the scale 0.5: block b of row r holds (r + b) in its first half, zeros in its second. */
const q8 = (rows: number): GgufTensorBytes => {
  const data = new Uint8Array(rows * 2 * 34)
  for (let block = 0; block < 2 * rows; block++) {
    data.set([0x00, 0x38], 34 * block)
    data.fill((block >> 1) + (block & 1) + 1, 34 * block + 2, 34 * block + 18)
  }
  return { type: 8, dims: [64, rows], data }
}
const q2k: GgufTensorBytes = { type: 10, dims: [256, 1], data: new Uint8Array(84) }
const model = {
  'token_embd.weight': f32([2, 3], [1, 0, 2, 0, 3, 0]),
  'blk.0.attn_norm.weight': f32([4], [1, 1, 1, 1]),
  'blk.0.attn_q.weight': q8(3),
  'blk.0.ffn_up.weight': q2k,
}
const keys = [
  keyText('general.architecture', 'llama'),
  keyTexts('tokenizer.ggml.tokens', ['a', 'b', 'c', 'd', 'e', 'f']),
]

describe('GGUF files', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const refusal = (pattern: RegExp) => (error: unknown) =>
    error instanceof EngineError && error.code === 'bad-checkpoint' && pattern.test(error.message)

  const firstProblem = async (path: string) => {
    const { checkpoint, problems } = await openInspection(path)
    await checkpoint.close()
    return problems[0]?.error.message ?? ''
  }

  it('give quantised tensors as the F32 numbers they represent, in any range of bytes', async () => {
    const { checkpoint } = await openInspection(temp.write('m.gguf', ggufFile(model, keys)))
    const whole = await checkpoint.read('blk.0.attn_q.weight')
    const numbers = new Float32Array(whole.buffer)
    assert.equal(numbers.length, 3 * 64)
    assert.deepEqual([numbers[0], numbers[16], numbers[32], numbers[64], numbers[128 + 47]], [0.5, 0, 1, 1, 2])
    for (const [start, end] of [
      [0, 4],
      [60, 68],
      [124, 700],
      [500, 768],
      [3, 5],
    ]) {
      assert.deepEqual(await checkpoint.readRange('blk.0.attn_q.weight', start, end), whole.slice(start, end))
    }
    await checkpoint.close()
  })

  it('have statistics of their numbers, sizes of the file, and roles by the names of ggml', async () => {
    const { checkpoint, unknown } = await openInspection(temp.write('m.gguf', ggufFile(model, keys)))
    const { tensors, linears } = await inspectCheckpoint(checkpoint, { stats: true, nm: [] })
    const [embedding, norm, q] = tensors
    assert.deepEqual(
      [embedding, norm, q].map(({ role }) => [role.role, role.block]),
      [
        ['embedding', null],
        ['norm', 0],
        ['linear', 0],
      ],
    )
    assert.equal(q.stats?.zeros, 96)
    assert.equal(q.stats?.max, 2)
    assert.deepEqual([linears.parameters, linears.bytes, linears.sparsity], [192, 204, 0.5])
    assert.deepEqual(
      unknown.map(({ name, dtype, bytes }) => [name, dtype, bytes]),
      [['blk.0.ffn_up.weight', 'Q2_K', 84]],
    )
    await checkpoint.close()
  })

  it('are one model when it is split, by whichever file is named; a missing file is named', async () => {
    temp.write('m-00001-of-00002.gguf', ggufFile({ 'token_embd.weight': model['token_embd.weight'] }, keys))
    const second = temp.write('m-00002-of-00002.gguf', ggufFile({ 'blk.0.attn_q.weight': q8(3) }))
    const { checkpoint } = await openInspection(second)
    assert.deepEqual([...checkpoint.tensors.keys()], ['token_embd.weight', 'blk.0.attn_q.weight'])
    assert.equal(checkpoint.metadata.get('general.architecture'), 'llama')
    assert.equal((await checkpoint.read('blk.0.attn_q.weight')).length, 768)
    await checkpoint.close()
    const lone = temp.write('n-00002-of-00003.gguf', ggufFile({ 'blk.0.attn_q.weight': q8(3) }))
    const { checkpoint: some, problems } = await openInspection(lone)
    assert.deepEqual(
      problems.map(({ error }) => refusal(/n-0000[13]-of-00003\.gguf is missing/)(error)),
      [true, true],
    )
    await some.close()
    temp.write('d-00001-of-00002.gguf', ggufFile({ 'blk.0.attn_q.weight': q8(3) }))
    temp.write('d-00002-of-00002.gguf', ggufFile({ 'blk.0.attn_q.weight': q8(3) }))
    assert.match(await firstProblem(temp.path('d-00002-of-00002.gguf')), /is in d-00001-of-00002\.gguf too/)
  })

  it('are not followed by a link that leaves the folder', async () => {
    temp.write('elsewhere/secret', ggufFile({ 'blk.0.attn_q.weight': q8(3) }))
    const first = temp.write('in/m-00001-of-00002.gguf', ggufFile({ 'token_embd.weight': model['token_embd.weight'] }))
    symlinkSync(temp.path('elsewhere/secret'), temp.path('in/m-00002-of-00002.gguf'))
    assert.match(await firstProblem(first), /leaves the model's folder/)
  })

  it('are refused for computing, with what to do instead', async () => {
    const path = temp.write('models/m.gguf', ggufFile(model, keys))
    await assert.rejects(openCheckpoint(path), refusal(/GGUF file: made for inference.*saved as safetensors/))
    temp.write('ids.jsonl', '{"text": "a"}\n')
    for (const args of [
      ['generate', path, '--prompt', 'a'],
      ['evaluate', path, '--data', temp.path('ids.jsonl')],
      ['prune', path, '--method', 'magnitude', '--sparsity', '0.5', '--out', temp.path('out')],
    ]) {
      const { status, stderr } = await cli(...args)
      assert.equal(status, 2, args[0])
      assert.match(stderr, /GGUF file: made for inference/)
    }
  })

  it('are analysed by the values of their matrices only', async () => {
    const { 'blk.0.ffn_up.weight': _, ...known } = model
    const path = temp.write('m.gguf', ggufFile(known, keys))
    const { modules } = JSON.parse((await cli('analyse', path, '--json')).stdout) as {
      modules: { name: string; std: number }[]
    }
    assert.deepEqual(
      modules.map(({ name }) => name),
      ['blk.0.attn_q'],
    )
    assert.ok(modules[0].std > 0)
    temp.write('ids.jsonl', '{"text": "a"}\n')
    const { status, stderr } = await cli('analyse', path, '--calibration', temp.path('ids.jsonl'))
    assert.equal(status, 2)
    assert.match(stderr, /GGUF file: made for inference/)
  })

  it('are listed by inspect with metadata, types and what is not read, in text and JSON', async () => {
    const path = temp.write('m.gguf', ggufFile(model, keys))
    const { status, stdout } = await cli('inspect', path, '--stats', '--tensors')
    assert.equal(status, 0)
    assert.match(stdout, /tokenizer\.ggml\.tokens +\["a", "b", "c", "d", … 6 in all\]/)
    assert.match(stdout, /blk\.0\.attn_q\.weight +Q8_0 +\[3, 64\] +204 B +50\.00 %/)
    assert.match(stdout, /1 tensor without statistics: the quantised type Q2_K is not supported; Q8_0, .* are/)
    const json = JSON.parse((await cli('inspect', path, '--json')).stdout) as {
      tensors: { name: string; dtype: string; bytes: number; unreadable?: string }[]
    }
    assert.deepEqual(
      json.tensors.map(({ dtype, bytes, unreadable }) => [dtype, bytes, unreadable !== undefined]),
      [
        ['F32', 24, false],
        ['F32', 16, false],
        ['Q8_0', 204, false],
        ['Q2_K', 84, true],
      ],
    )
  })
})
