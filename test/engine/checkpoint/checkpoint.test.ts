import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { f32, fileBytes, safetensors } from '../../support/safetensors.ts'
import { cannot } from '../../support/skip.ts'

const a = f32([2, 2], [1, 2, 3, 4])
const b = f32([3], [5, 6, 7])

/** Refused with exit code 2, one line that names the file and matches. */
async function refuses(path: string, message: RegExp, code = 'bad-checkpoint'): Promise<void> {
  await assert.rejects(openCheckpoint(path), (error) => {
    assert.ok(error instanceof EngineError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    assert.ok(!error.message.includes('\n'))
    assert.match(
      error.message,
      /\b(get|give|name|check|save|convert|download|rename|remove|mend|run|put|use|copy)\b/i,
      'how to mend it',
    )
    return true
  })
}

describe('openCheckpoint', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))

  const sharded = (weightMap: Record<string, string>) => {
    temp.write('1.safetensors', safetensors({ a }, { format: 'pt' }))
    temp.write('2.safetensors', safetensors({ b }))
    temp.write('model.safetensors.index.json', JSON.stringify({ metadata: { total_size: 28 }, weight_map: weightMap }))
  }

  describe('reads', () => {
    it('a folder, its file and its index alike', async () => {
      sharded({ b: '2.safetensors', a: '1.safetensors' })
      for (const path of [temp.folder, temp.path('model.safetensors.index.json')]) {
        const checkpoint = await openCheckpoint(path)
        assert.deepEqual([...checkpoint.tensors.keys()], ['a', 'b'])
        assert.deepEqual(new Float32Array((await checkpoint.read('b')).buffer), Float32Array.of(5, 6, 7))
        assert.deepEqual(new Float32Array((await checkpoint.readRange('a', 4, 12)).buffer), Float32Array.of(2, 3))
        assert.equal(checkpoint.metadata.get('format'), 'pt')
        await checkpoint.close()
      }
      const one = await openCheckpoint(temp.path('2.safetensors'))
      assert.deepEqual([...one.tensors.keys()], ['b'])
      assert.equal(one.config, null)
      await one.close()
    })

    it('headers only on opening, then exactly the bytes asked for', async () => {
      const big = f32([512, 512], new Float32Array(512 * 512))
      const bytes = safetensors({ big, b })
      temp.write('model.safetensors', bytes)
      const checkpoint = await openCheckpoint(temp.folder)
      const header = bytes.length - big.data.length - b.data.length
      assert.equal(checkpoint.bytesRead(), header)
      await checkpoint.readRange('big', 100, 300)
      await checkpoint.read('b')
      assert.equal(checkpoint.bytesRead(), header + 200 + 12)
      await checkpoint.close()
    })

    it('of more shards than may be open at a time', async () => {
      const names = Array.from({ length: 100 }, (_, i) => `t${i}`)
      names.forEach((name, i) => temp.write(`${name}.safetensors`, safetensors({ [name]: f32([1], [i]) })))
      const weightMap = Object.fromEntries(names.map((n) => [n, `${n}.safetensors`]))
      temp.write('model.safetensors.index.json', JSON.stringify({ weight_map: weightMap }))
      const checkpoint = await openCheckpoint(temp.folder)
      const values = await Promise.all(names.map((n) => checkpoint.read(n)))
      assert.deepEqual(
        values.map((v) => new Float32Array(v.buffer)[0]),
        names.map((_, i) => i),
      )
      const open = execFileSync('ls', [`/proc/${process.pid}/fd`])
        .toString()
        .split('\n').length
      assert.ok(process.platform !== 'linux' || open < 90, `${open} open files`)
      await checkpoint.close()
    })

    it('every golden: f32, f16 and bf16, tied and untied, single and sharded', async () => {
      for (const name of ['opt', 'opt_f16', 'llama', 'llama_bf16_sharded', 'gpt2']) {
        const path = goldenPath(name)
        const checkpoint = await openCheckpoint(path)
        const bytes = [...checkpoint.tensors.values()].reduce((sum, t) => sum + t.bytes, 0)
        assert.ok(bytes > 50_000 && checkpoint.config !== null)
        await checkpoint.close()
      }
    })

    it('a snapshot of the Hugging Face cache, whose files are links to blobs', async () => {
      mkdirSync(temp.path('snapshots/rev'), { recursive: true })
      temp.write('blobs/abc', safetensors({ a }))
      temp.write('blobs/def', JSON.stringify({ weight_map: { a: 'm.safetensors' } }))
      symlinkSync('../../blobs/abc', temp.path('snapshots/rev/m.safetensors'))
      symlinkSync('../../blobs/def', temp.path('snapshots/rev/model.safetensors.index.json'))
      const checkpoint = await openCheckpoint(temp.path('snapshots/rev'))
      assert.equal((await checkpoint.read('a')).length, 16)
      await checkpoint.close()
    })
  })

  describe('refuses', () => {
    it('a path that is not there', () => refuses(temp.path('nothing'), /does not exist; check the path/, 'not-found'))
    it('a folder without weights', () => refuses(temp.folder, /no model\.safetensors/))
    it('a file that has only the name of a PyTorch file', async () => {
      temp.write('pytorch_model.bin', 'PK\x03\x04')
      await refuses(temp.folder, /zip archive is damaged/)
      for (const name of ['model.pt', 'model.pth', 'consolidated.bin'])
        await refuses(temp.write(name, 'x'), /not a file of torch\.save/)
    })
    it('shards without their index', async () => {
      temp.write('model-00001-of-00002.safetensors', safetensors({ a }))
      await refuses(temp.folder, /download the index/)
    })
    it('several files without an index', async () => {
      temp.write('x.safetensors', safetensors({ a }))
      temp.write('y.safetensors', safetensors({ b }))
      await refuses(temp.folder, /name the one you mean/)
    })
    it('a Git-LFS pointer', async () => {
      const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
      await refuses(temp.write('model.safetensors', pointer), /git lfs pull/)
      await refuses(temp.folder, /git lfs pull/)
    })
    it('an empty file', () => refuses(temp.write('model.safetensors', ''), /is empty/))
    it('a cut-off file', async () => {
      const path = temp.write('model.safetensors', safetensors({ a, b }))
      truncateSync(path, readFileSync(path).length - 5)
      await refuses(path, /cut off/)
    })
    it('a header past the end', async () => {
      const bytes = safetensors({ a })
      bytes.writeBigUInt64LE(5000n)
      await refuses(temp.write('model.safetensors', bytes), /5000 bytes, but the file ends/)
    })
    it('a folder in place of a file', async () => {
      mkdirSync(temp.path('model.safetensors'))
      await refuses(temp.folder, /not a regular file/)
    })
    it('a named pipe, without waiting for its end', async function () {
      if (process.platform === 'win32') cannot(this, 'links need rights on Windows')
      execFileSync('mkfifo', [temp.path('model.safetensors')])
      await refuses(temp.folder, /not a regular file/)
    })
    it('a config.json that is not JSON, or not text', async () => {
      temp.write('model.safetensors', safetensors({ a }))
      temp.write('config.json', '{"model_type": ')
      await refuses(temp.folder, /config\.json: it is not valid JSON/)
      writeFileSync(temp.path('config.json'), Uint8Array.of(0xff, 0xfe))
      await refuses(temp.folder, /not UTF-8/)
    })
    it('a missing shard', async () => {
      sharded({ a: '1.safetensors', b: '3.safetensors' })
      await refuses(temp.folder, /3\.safetensors is missing.*download/)
    })
    it('a tensor of the index that its shard does not have', async () => {
      sharded({ a: '1.safetensors', b: '2.safetensors', c: '2.safetensors' })
      await refuses(temp.folder, /"c" should be in shard 2\.safetensors, which does not have it/)
    })
    it('a tensor of a shard that the index does not have', async () => {
      sharded({ a: '1.safetensors', b: '2.safetensors' })
      temp.write('2.safetensors', safetensors({ b, extra: a }))
      await refuses(temp.folder, /"extra" is in shard 2\.safetensors but not in the index/)
    })
    it('a tensor that is in two shards', async () => {
      sharded({ a: '1.safetensors', b: '2.safetensors' })
      temp.write('2.safetensors', safetensors({ b, a }))
      await refuses(temp.folder, /"a" is in two shards/)
    })
    it('a tensor in another shard than the index says', async () => {
      sharded({ a: '2.safetensors', b: '1.safetensors' })
      await refuses(temp.folder, /should be in shard/)
    })
    it('a shard outside the folder, named or linked', async () => {
      sharded({ a: '1.safetensors', b: '../2.safetensors' })
      await refuses(temp.folder, /outside the model's folder/)
      const elsewhere = scratch()
      elsewhere.write('2.safetensors', safetensors({ b }))
      sharded({ a: '1.safetensors', b: 'linked.safetensors' })
      symlinkSync(elsewhere.path('2.safetensors'), temp.path('linked.safetensors'))
      await refuses(temp.folder, /link that leaves/)
      sharded({ a: '1.safetensors', b: 'dir/2.safetensors' })
      symlinkSync(elsewhere.folder, temp.path('dir'))
      await refuses(temp.folder, /link that leaves/)
    })
    it('an index that names a tensor twice', async () => {
      sharded({ a: '1.safetensors', b: '2.safetensors' })
      temp.write('model.safetensors.index.json', '{"weight_map": {"a": "1.safetensors", "a": "2.safetensors"}}')
      await refuses(temp.folder, /index\.json: "a" appears twice/)
    })
    it('reads beyond a tensor and of tensors that are not there', async () => {
      temp.write('model.safetensors', safetensors({ a, b }))
      const checkpoint = await openCheckpoint(temp.folder)
      await assert.rejects(checkpoint.readRange('a', 8, 20), /which has 16/)
      await assert.rejects(checkpoint.read('c'), /no tensor "c"/)
      await checkpoint.close()
    })
    it('reads after close, which would leave a file open for ever', async () => {
      temp.write('model.safetensors', safetensors({ a }))
      const checkpoint = await openCheckpoint(temp.folder)
      await checkpoint.close()
      await assert.rejects(checkpoint.read('a'), /after its checkpoint was closed/)
    })
    it('a file that shrank after it was opened', async () => {
      const path = temp.write('model.safetensors', safetensors({ a, b }))
      const checkpoint = await openCheckpoint(temp.folder)
      truncateSync(path, 100)
      await assert.rejects(checkpoint.read('b'), /ends early: it changed/)
      await checkpoint.close()
    })
    it('an empty header of the whole allowed size', async () => {
      await refuses(temp.write('model.safetensors', fileBytes(Buffer.alloc(1_000_000, '['))), /nested deeper/)
    })
  })
})
