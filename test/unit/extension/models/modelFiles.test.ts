import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hubCacheFolder } from '../../../../src/engine/checkpoint/hubCache.ts'
import { hubModels } from '../../../../src/extension/models/modelFiles.ts'
import { scratch } from '../../../support/scratch.ts'

describe('the Hugging Face cache', () => {
  const places: [NodeJS.ProcessEnv, string][] = [
    [{}, '/home/a/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/x' }, '/x/huggingface/hub'],
    [{ HF_HOME: '/h', XDG_CACHE_HOME: '/x' }, '/h/hub'],
    [{ HF_HOME: '~/h' }, '/home/a/h/hub'],
    [{ HF_HUB_CACHE: '/c', HF_HOME: '/h' }, '/c'],
    [{ HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
  ]
  for (const [env, folder] of places)
    it(`with ${JSON.stringify(env)} is in ${folder}`, () => {
      assert.equal(hubCacheFolder(env, '/home/a'), folder)
    })

  describe('of several repositories', () => {
    const cache = scratch().folder
    const snapshot = (repository: string, revision: string, files: string[]) => {
      const folder = join(cache, repository, 'snapshots', revision)
      const blobs = join(cache, repository, 'blobs')
      mkdirSync(folder, { recursive: true })
      mkdirSync(blobs, { recursive: true })
      for (const name of files) {
        writeFileSync(join(blobs, name), '')
        symlinkSync(join(blobs, name), join(folder, name))
      }
    }
    before(() => {
      snapshot('models--a--single', 'r1', ['model.safetensors'])
      snapshot('models--a--single', 'r2', ['model.safetensors'])
      snapshot('models--a--sharded', 'r1', ['model-00001-of-00001.safetensors', 'model.safetensors.index.json'])
      snapshot('models--a--torch', 'r1', ['pytorch_model.bin', 'training_args.bin'])
      snapshot('models--a--other', 'r1', ['training_args.bin', 'tf_model.h5'])
      snapshot('datasets--a--text', 'r1', ['model.safetensors'])
    })

    it('gives each snapshot with weights, by its index or its file', async () => {
      const found = await hubModels(cache, 10)
      assert.deepEqual(
        found.map(({ weights }) => weights.slice(cache.length + 1)),
        [
          'models--a--sharded/snapshots/r1/model.safetensors.index.json',
          'models--a--single/snapshots/r1/model.safetensors',
          'models--a--single/snapshots/r2/model.safetensors',
          'models--a--torch/snapshots/r1/pytorch_model.bin',
        ],
      )
      assert.equal((await hubModels(cache, 1)).length, 1)
    })

    it('is empty without a cache', async () => {
      assert.deepEqual(await hubModels(join(cache, 'nowhere'), 10), [])
    })
  })
})
