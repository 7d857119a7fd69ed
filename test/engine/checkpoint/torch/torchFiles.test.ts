// Files that torch itself wrote (test/fixtures/torch/make.py), against what torch reads from them.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { openInspection, openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { EngineError } from '../../../../src/engine/errors.ts'
import { scratch, type Scratch } from '../../../support/scratch.ts'

const fixture = (name: string) => new URL(`../../../fixtures/torch/${name}`, import.meta.url).pathname

async function refuses(path: string, message: RegExp): Promise<void> {
  await assert.rejects(openCheckpoint(path), (error) => {
    assert.ok(error instanceof EngineError && error.code === 'bad-checkpoint', String(error))
    assert.match(error.message, message)
    assert.ok(error.message.startsWith(path))
    return true
  })
}

describe('files of torch.save', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  for (const name of ['kinds', 'nested', 'protocol4'])
    it(`${name}.bin has torch's names, types, shapes and bytes`, async () => {
      const [file, expected] = await Promise.all([
        openCheckpoint(fixture(`${name}.bin`)),
        openCheckpoint(fixture(`${name}.expected.safetensors`)),
      ])
      assert.deepEqual(new Set(file.tensors.keys()), new Set(expected.tensors.keys()))
      for (const [tensor, { dtype, shape, bytes }] of expected.tensors) {
        const found = file.tensors.get(tensor)!
        assert.deepEqual([found.dtype, found.shape, found.bytes], [dtype, shape, bytes], tensor)
        const whole = await expected.read(tensor)
        assert.deepEqual(await file.read(tensor), whole, tensor)
        // Any range: beginnings and ends need not be those of elements.
        for (const [start, end] of [
          [0, bytes >> 1],
          [bytes >> 2, bytes],
          [Math.min(3, bytes), bytes - Math.min(1, bytes)],
        ].filter(([a, b]) => a <= b))
          assert.deepEqual(await file.readRange(tensor, start, end), whole.subarray(start, end), tensor)
      }
      await Promise.all([file.close(), expected.close()])
    })

  it('share a storage, and each tensor is read from its place in it', async () => {
    const file = await openCheckpoint(fixture('kinds.bin'))
    const places = ['tied.a', 'tied.b', 'fused.q', 'fused.k'].map((name) => file.tensors.get(name)!.start)
    assert.equal(places[0], places[1])
    assert.equal(places[3] - places[2], 4 * 4 * 4)
    assert.equal(file.tensors.get('transposed')!.strides!.length, 2)
    assert.equal(file.tensors.get('f32')!.strides, undefined)
    await file.close()
  })

  it('have types that name themselves', async () => {
    const file = await openCheckpoint(fixture('typed.bin'))
    assert.deepEqual([file.tensors.get('f8')!.dtype, file.tensors.get('u16')!.dtype], ['F8_E4M3', 'U16'])
    assert.deepEqual([...(await file.read('u16'))], [0, 0, 1, 0, 2, 0])
    await file.close()
  })

  it('open as a folder of shards by its index', async () => {
    const [bin, safetensors] = await Promise.all([
      openInspection(fixture('opt')),
      openCheckpoint(fixture('../goldens/opt')),
    ])
    assert.deepEqual(bin.problems, [])
    for (const name of safetensors.tensors.keys())
      assert.deepEqual(await bin.checkpoint.read(name), await safetensors.read(name), name)
    assert.ok(bin.checkpoint.tensors.has('lm_head.weight'))
    await Promise.all([bin.checkpoint.close(), safetensors.close()])
  })

  it('are refused where they would run code, which does not run', async () => {
    await refuses(fixture('runs.bin'), /"posix\.system".*nothing was executed/)
    assert.ok(!existsSync('executed'))
    await refuses(fixture('module.bin'), /"torch\.nn\.modules\.linear\.Linear".*state_dict/)
  })

  it('are refused in a sentence in the format before 1.6, with expanded tensors, and as other files', async () => {
    await refuses(fixture('legacy.bin'), /before 1\.6.*save it again/)
    await refuses(fixture('expanded.bin'), /share their places.*contiguous/)
    await refuses(temp.write('lfs.bin', 'version https://git-lfs.github.com/spec/v1\n'), /git lfs pull/)
    await refuses(temp.write('empty.bin', ''), /is empty/)
    await refuses(temp.write('text.bin', 'hello there'), /not a file of torch\.save/)
    copyFileSync(fixture('kinds.bin'), temp.path('renamed.safetensors'))
    await refuses(temp.path('renamed.safetensors'), /under another name.*\.bin/)
  })

  it('are refused where they are cut off, wherever that is', async () => {
    const bytes = readFileSync(fixture('nested.bin'))
    for (let length = bytes.length - 1; length > 0; length -= 37) {
      copyFileSync(fixture('nested.bin'), temp.path('cut.bin'))
      truncateSync(temp.path('cut.bin'), length)
      await refuses(temp.path('cut.bin'), /again/)
    }
  })
})
