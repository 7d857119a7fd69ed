import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { createWriter } from '../../../src/engine/checkpoint/writer.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { setTopLevel } from '../../../src/catalog/formats/jsonEdit.ts'
import { childArguments } from '../../support/children.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { cannot } from '../../support/skip.ts'

const large = { maxShardBytes: 5e9 }

/** Names, types, shapes and bytes of every tensor, in order. */
async function contents(checkpoint: Checkpoint): Promise<unknown[]> {
  const list: unknown[] = []
  for (const { name, dtype, shape } of checkpoint.tensors.values()) {
    list.push([name, dtype, shape, Buffer.from(await checkpoint.read(name)).toString('base64')])
  }
  return list
}

/** Every file's bytes, to prove that a folder was not touched. */
function snapshot(folder: string): unknown {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort()
    .map((name) => [name, readFileSync(`${folder}/${name}`, 'base64')])
}

const withCode = (code: string, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof EngineError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, message)
  return true
}

type WaitingWriter = ChildProcessByStdio<null, Readable, null>

/** A process in the middle of writing `source` to `to`. */
function writeAndWait(source: Checkpoint, to: string): WaitingWriter {
  const command = [...childArguments('killedWriterChild'), source.path, to]
  return spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** The folder that a writer was at when it was told to leave, once it has ended. */
async function placeOf(child: WaitingWriter): Promise<string> {
  let said = ''
  for await (const chunk of child.stdout) {
    said += String(chunk)
    if (said.endsWith('\n')) child.kill('SIGTERM')
  }
  if (child.exitCode === null) await once(child, 'exit')
  return said.trim()
}

describe('createWriter', () => {
  let temp: Scratch
  let opened: Checkpoint[]
  beforeEach(() => {
    temp = scratch()
    opened = []
  })
  afterEach(async () => {
    for (const checkpoint of opened) await checkpoint.close()
  })
  const open = async (path: string) => {
    const checkpoint = await openCheckpoint(path)
    opened.push(checkpoint)
    return checkpoint
  }
  const small = () => {
    temp.write(
      'source/model.safetensors',
      safetensors({ a: f32([2], [1, 2]), b: f32([3], [3, 4, 5]) }, { format: 'pt' }),
    )
    temp.write('source/config.json', '{"tie_word_embeddings": true}')
    return temp.path('source')
  }

  for (const name of ['opt', 'gpt2', 'opt_f16', 'llama_bf16_sharded']) {
    it(`an untouched ${name} comes out with the same names, order, types, metadata and bytes`, async () => {
      const path = goldenPath(name)
      const before = snapshot(path)
      const source = await open(path)
      for (const [to, maxShardBytes] of [
        ['one', 5e9],
        ['many', 30_000],
      ] as const) {
        const writer = await createWriter(source, temp.path(to), { maxShardBytes })
        await writer.copyUnwritten()
        await writer.finish({})
        const copy = await open(temp.path(to))
        assert.deepEqual(await contents(copy), await contents(source))
        assert.deepEqual(copy.metadata, source.metadata)
        assert.deepEqual(copy.config, source.config)
        assert.equal(copy.files.length > 1, to === 'many')
        assert.ok(
          copy.files.every(
            (f) => f.bytes < 30_000 + 4096 || copy.tensors.size === 1 || to === 'one' || soleTensor(copy, f.name),
          ),
        )
      }
      assert.deepEqual(snapshot(path), before)
    })
  }
  const soleTensor = (checkpoint: Checkpoint, file: string) =>
    [...checkpoint.tensors.values()].filter((t) => t.file === file).length === 1

  it('takes tensors in any order, whole or in pieces, and copies the rest', async () => {
    const source = await open(small())
    const writer = await createWriter(source, temp.path('out'), large)
    await writer.write('b', new Uint8Array(Float32Array.of(7, 8, 9).buffer))
    async function* pieces() {
      yield new Uint8Array(3)
      yield new Uint8Array(5)
    }
    await writer.write('a', pieces())
    await writer.copyUnwritten()
    await writer.finish({ 'sparsescope.json': '{}' })
    const out = await open(temp.path('out'))
    assert.deepEqual([...out.tensors.keys()], ['a', 'b'])
    assert.deepEqual(new Float32Array((await out.read('a')).buffer), Float32Array.of(0, 0))
    assert.deepEqual(new Float32Array((await out.read('b')).buffer), Float32Array.of(7, 8, 9))
    assert.deepEqual(readdirSync(temp.path('out')).sort(), ['config.json', 'model.safetensors', 'sparsescope.json'])
  })

  it('writes another config.json than the source has, where it is asked to', async () => {
    const source = await open(small())
    const editConfig = (text: string) => setTopLevel(text, 'tie_word_embeddings', false)
    const writer = await createWriter(source, temp.path('out'), { ...large, editConfig })
    await writer.copyUnwritten()
    await writer.finish({})
    assert.equal(readFileSync(temp.path('out/config.json'), 'utf8'), '{"tie_word_embeddings": false}')
  })

  it('carries over files that are not weights, and no links that leave the folder', async () => {
    small()
    for (const name of ['tokenizer.json', 'merges.txt', 'LICENSE', 'modeling_x.py', 'notes.md'])
      temp.write(`source/${name}`, name)
    for (const name of [
      'pytorch_model.bin',
      'old.pt',
      'model.gguf',
      'tf_model.h5',
      '.gitattributes',
      'sparsescope.mask',
      'sparsescope.json',
      'x.safetensors.index.json',
    ])
      temp.write(`source/${name}`, name)
    temp.write('source/.git/config', 'x')
    temp.write('source/pruned50/config.json', 'x')
    temp.write('secret', 'secret')
    symlinkSync('../secret', temp.path('source/link.txt'))
    symlinkSync('notes.md', temp.path('source/README.md'))
    // Read through its link to open the model: without it nothing opens the result.
    renameSync(temp.path('source/config.json'), temp.path('config-elsewhere.json'))
    symlinkSync('../config-elsewhere.json', temp.path('source/config.json'))
    chmodSync(temp.path('source/tokenizer.json'), 0o444)
    const writer = await createWriter(await open(temp.path('source')), temp.path('out'), large)
    await writer.copyUnwritten()
    assert.deepEqual(await writer.finish({}), { leftBehind: ['link.txt'] })
    // A file that replaces a copied one, as an edited config, must not fail on a read-only source.
    if (process.platform !== 'win32') assert.equal(statSync(temp.path('out/tokenizer.json')).mode & 0o777, 0o644)
    assert.deepEqual(readdirSync(temp.path('out')).sort(), [
      'LICENSE',
      'README.md',
      'config.json',
      'merges.txt',
      'model.safetensors',
      'modeling_x.py',
      'notes.md',
      'tokenizer.json',
    ])
    assert.equal(readFileSync(temp.path('out/README.md'), 'utf8'), 'notes.md')
  })

  it('shows nothing under the final name before the end, and nothing at all after abort', async () => {
    const source = await open(small())
    const writer = await createWriter(source, temp.path('out'), large)
    await writer.copyUnwritten()
    assert.ok(!existsSync(temp.path('out')) && existsSync(writer.partial))
    await writer.abort()
    await writer.abort()
    assert.deepEqual(readdirSync(temp.folder), ['source'])
  })

  it('refuses a name that is taken, before and after writing', async () => {
    const source = await open(small())
    const writer = await createWriter(source, temp.path('out'), large)
    mkdirSync(temp.path('out'))
    await assert.rejects(createWriter(source, temp.path('out'), large), withCode('exists', /out exists already/))
    await writer.copyUnwritten()
    await assert.rejects(writer.finish({}), withCode('exists', /out exists already/))
    await writer.abort()
    assert.deepEqual(readdirSync(temp.path('out')), [])
  })

  it('refuses to finish while a tensor is missing, and tensors of the wrong size', async () => {
    const writer = await createWriter(await open(small()), temp.path('out'), large)
    await assert.rejects(writer.finish({}), /a was never written/)
    await assert.rejects(writer.write('a', new Uint8Array(7)), /8 bytes/)
    await assert.rejects(writer.write('a', new Uint8Array(9)), /8 bytes/)
    await assert.rejects(writer.write('z', new Uint8Array(9)), /not a tensor/)
    await writer.abort()
  })

  it('names the path when the place cannot be written', async () => {
    const source = await open(small())
    temp.write('file', '')
    await assert.rejects(
      createWriter(source, temp.path('file/out'), large),
      withCode('usage', /file\/out.*(not a folder|in the way)/),
    )
  })

  it('stops when cancelled', async () => {
    const writer = await createWriter(await open(small()), temp.path('out'), large)
    await assert.rejects(writer.copyUnwritten(AbortSignal.abort()), withCode('cancelled', /cancelled/))
    await writer.abort()
  })

  it('says that the disk is full, and leaves the source and earlier outputs alone', async function () {
    const disk = temp.path('disk')
    mkdirSync(disk)
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      return cannot(this, 'only root can mount a small disk')
    }
    try {
      mkdirSync(`${disk}/earlier`)
      writeFileSync(`${disk}/earlier/model.safetensors`, 'earlier')
      temp.write('source/model.safetensors', safetensors({ a: f32([100_000], new Float32Array(100_000)) }))
      const source = await open(temp.path('source'))
      const before = snapshot(temp.path('source'))
      const writer = await createWriter(source, `${disk}/out`, large)
      writeFileSync(`${disk}/filler`, Buffer.alloc(900_000))
      await assert.rejects(writer.copyUnwritten(), withCode('disk', /model\.safetensors: the disk is full; free/))
      await writer.abort()
      await assert.rejects(createWriter(source, `${disk}/out`, large), withCode('disk', /400 kB are needed/))
      assert.deepEqual(readdirSync(disk).sort(), ['earlier', 'filler'])
      assert.equal(readFileSync(`${disk}/earlier/model.safetensors`, 'utf8'), 'earlier')
      assert.deepEqual(snapshot(temp.path('source')), before)
      rmSync(`${disk}/filler`)
      execFileSync('mount', ['-o', 'remount,ro', disk], { stdio: 'ignore' })
      await assert.rejects(createWriter(source, `${disk}/out`, large), withCode('disk', /out.*read-only/))
    } finally {
      execFileSync('umount', [disk])
    }
  })

  it('takes the unfinished folder along when the process leaves without waiting', async () => {
    const child = writeAndWait(await open(goldenPath('llama')), temp.path('left'))
    const partial = await placeOf(child)
    assert.equal(child.exitCode, 130)
    assert.ok(!existsSync(partial) && !existsSync(temp.path('left')))
  })
})
