import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../../src/engine/checkpoint/checkpoint.ts'
import { EngineError } from '../../../../src/engine/errors.ts'
import { writeAtomic } from '../../../../src/system/atomicFile.ts'
import { overlayCheckpoint } from '../../../../src/engine/run/state/stateModel.ts'
import { createRunFolder, runPlace } from '../../../../src/runs/folder/runFolder.ts'
import { bytesOf, writeTensors } from '../../../../src/engine/run/state/tensorFile.ts'
import { scratch } from '../../../support/scratch.ts'

describe('files of a run', () => {
  let folder = ''
  beforeEach(() => (folder = scratch().folder))
  const f32 = (...values: number[]) => bytesOf(Float32Array.from(values))

  it('keep only the old file when an atomic write fails', async () => {
    const path = join(folder, 'state.json')
    await writeAtomic(path, ['old'])
    const broken = function* () {
      yield 'new'
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    }
    await assert.rejects(writeAtomic(path, broken()), { code: 'disk', message: /disk is full/ })
    assert.equal(readFileSync(path, 'utf8'), 'old')
    assert.deepEqual(readdirSync(folder), ['state.json'])
  })

  it('are safetensors that read back bit for bit, with their metadata', async () => {
    const path = join(folder, 'block.safetensors')
    const words = Uint32Array.from([0xffffffff, 1])
    await writeTensors(
      path,
      [
        { name: 'w', dtype: 'F32', shape: [1, 2], bytes: f32(1.5, -0) },
        { name: 'mask.w', dtype: 'U32', shape: [2, 1], bytes: bytesOf(words) },
      ],
      { info: '{"block":3}' },
    )
    const file = await openCheckpoint(path)
    assert.deepEqual(await file.read('w'), Uint8Array.from(f32(1.5, -0)))
    assert.deepEqual(await file.read('mask.w'), Uint8Array.from(bytesOf(words)))
    assert.equal(file.metadata.get('info'), '{"block":3}')
    await file.close()
  })

  it('are written one tensor after the other, and stay as they were on an error', async () => {
    const path = join(folder, 'block.safetensors')
    const order: string[] = []
    const tensor = (name: string, make: () => Uint8Array) => {
      const bytes = async () => {
        order.push(name)
        return make()
      }
      return { name, dtype: 'F32' as const, shape: [1], bytes }
    }
    await writeTensors(path, [tensor('a', () => f32(1)), tensor('b', () => f32(2))], {})
    assert.deepEqual(order, ['a', 'b'])
    const old = readFileSync(path)
    const broken = () => {
      throw new EngineError('mask-broken', 'b: 3 pruned weights are no longer 0')
    }
    const failing = [tensor('a', () => f32(3)), tensor('b', broken)]
    await assert.rejects(writeTensors(path, failing, {}), { code: 'mask-broken', message: /^b: 3 pruned/ })
    await assert.rejects(writeTensors(path, [tensor('a', () => f32(3, 4))], {}), { code: 'internal' })
    assert.deepEqual(readFileSync(path), old)
    assert.deepEqual(readdirSync(folder), ['block.safetensors'])
  })

  it('are an overlay: finished tensors from the last layer that has them, the rest from the source', async () => {
    const write = async (name: string, tensors: Record<string, number>) => {
      const path = join(folder, `${name}.safetensors`)
      const list = Object.entries(tensors).map(([key, value]) => ({
        name: key,
        dtype: 'F32' as const,
        shape: [1],
        bytes: f32(value),
      }))
      await writeTensors(path, list, {})
      return openCheckpoint(path)
    }
    const source = await write('source', { a: 1, b: 1, c: 1 })
    const layers = [await write('one', { a: 2, b: 2, 'mask.a': 0 }), await write('two', { b: 3, d: 3 })]
    const overlay = overlayCheckpoint(source, layers, { hidden: 'mask.', config: { tied: false } })
    const read = async (name: string) => new Float32Array((await overlay.read(name)).buffer)[0]
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map(read)), [2, 3, 1, 3])
    assert.deepEqual([...overlay.tensors.keys()], ['a', 'b', 'c', 'd'])
    assert.deepEqual(overlay.config, { tied: false })
    await overlay.close()
    await source.close()
  })

  it('are in folders of their own for two runs in the same second', async () => {
    const recipe = join(folder, 'wanda.prune.yaml')
    const now = new Date(2026, 10, 25, 2, 3, 4)
    const [a, b] = [await createRunFolder(runPlace(recipe, now)), await createRunFolder(runPlace(recipe, now))]
    assert.equal(a.path, join(folder, '.sparsescope', 'runs', '20261125-020304-wanda'))
    assert.equal(b.name, '20261125-020304-wanda-2')
    assert.ok(existsSync(b.state))
  })

  it('have a folder with its name only when all is in it', async () => {
    const recipe = join(folder, 'wanda.prune.yaml')
    const runs = join(folder, '.sparsescope', 'runs')
    const broken = createRunFolder(runPlace(recipe), async (draft) => {
      writeFileSync(draft.recipe, 'half')
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' })
    })
    await assert.rejects(broken, { code: 'disk', message: /disk is full/ })
    assert.deepEqual(readdirSync(runs), [])
    for (const name of ['.new-old', '.new-young', 'not-ours']) mkdirSync(join(runs, name, 'state'), { recursive: true })
    utimesSync(join(runs, '.new-old'), new Date(2026, 0, 1), new Date(2026, 0, 1))
    const { name } = await createRunFolder(runPlace(recipe))
    assert.deepEqual(readdirSync(runs).sort(), ['.new-young', name, 'not-ours'].sort())
  })

  it('give a disk error that names a place without room for a folder', async () => {
    mkdirSync(join(folder, 'x'))
    writeFileSync(join(folder, 'x', '.sparsescope'), 'a file')
    await assert.rejects(createRunFolder(runPlace(join(folder, 'x', 'r.prune.yaml'))), {
      code: 'usage',
      message: /\.sparsescope/,
    })
  })
})
