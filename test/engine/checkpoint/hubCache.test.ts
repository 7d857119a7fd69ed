import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { modelPath, parseHubName } from '../../../src/engine/checkpoint/hubCache.ts'
import { EngineError } from '../../../src/engine/errors.ts'
import { modelFacts } from '../../../src/engine/facts/modelFacts.ts'
import { cli, cliIn } from '../../support/cli.ts'
import { setEnvironment } from '../../support/environment.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

const commit = '27dcfa74d334bc871f3234de431e71c6eeba5dd6'

describe("models of the Hub's cache", () => {
  let temp: Scratch
  let restore: () => void
  const repository = () => temp.path('hub/models--facebook--opt-tiny')
  const snapshot = () => join(repository(), 'snapshots', commit)
  beforeEach(() => {
    temp = scratch()
    restore = setEnvironment({ HF_HUB_CACHE: temp.path('hub') })
  })
  afterEach(() => {
    restore()
  })
  /** As huggingface_hub leaves it: files are links to blobs. */
  const download = () => {
    for (const folder of [snapshot(), join(repository(), 'blobs'), join(repository(), 'refs')])
      mkdirSync(folder, { recursive: true })
    writeFileSync(join(repository(), 'refs', 'main'), commit)
    for (const name of ['config.json', 'model.safetensors']) {
      copyFileSync(join(goldenPath('opt'), name), join(repository(), 'blobs', name))
      symlinkSync(`../../blobs/${name}`, join(snapshot(), name))
    }
  }

  it('have names that cannot be confused with other text', () => {
    assert.deepEqual(parseHubName('hf:facebook/opt-125m'), { repository: 'facebook/opt-125m', revision: 'main' })
    assert.deepEqual(parseHubName('gpt2@refs/pr/3'), { repository: 'gpt2', revision: 'refs/pr/3' })
    for (const wrong of ['hf:', 'hf:a/b/c', 'hf:../x', 'hf:a/..', 'hf:a b', 'hf:a@', 'hf:a@../../x', 'hf:a/b@x\n'])
      assert.throws(
        () => parseHubName(wrong),
        (error) => error instanceof EngineError && error.code === 'usage',
      )
    assert.equal(modelPath('/work', 'hf:a/b'), 'hf:a/b')
    assert.equal(modelPath('/work', './m'), '/work/m')
  })

  it('open by name, by commit, and by the folder of the repository', async () => {
    download()
    for (const path of ['hf:facebook/opt-tiny', `hf:facebook/opt-tiny@${commit}`, repository(), snapshot()]) {
      const checkpoint = await openCheckpoint(path)
      assert.equal(checkpoint.folder, snapshot())
      assert.equal(checkpoint.tensors.size, 36)
      await checkpoint.close()
    }
  })

  it('are asked for again when a name is missing, and the error says how to get it', async () => {
    await assert.rejects(openCheckpoint('hf:facebook/opt-tiny'), (error) => {
      assert.ok(error instanceof EngineError && error.code === 'not-found')
      assert.match(error.message, /not in the Hub's cache.*opt-tiny.*HF_HOME/)
      return true
    })
    assert.equal((await modelFacts('hf:facebook/opt-tiny')).problems[0].rule, 'model-missing')
    download()
    assert.deepEqual((await modelFacts('hf:facebook/opt-tiny')).problems, [])
    await assert.rejects(openCheckpoint('hf:facebook/opt-tiny@v2'), /sparsescope pull facebook\/opt-tiny@v2`/)
  })

  it('are not found through a reference that leads elsewhere', async () => {
    download()
    writeFileSync(join(repository(), 'refs', 'main'), '../../../elsewhere')
    await assert.rejects(openCheckpoint('hf:facebook/opt-tiny'), /not in the Hub's cache/)
  })

  it('can be the model of a recipe and of a command', async () => {
    download()
    temp.write(
      'a.prune.yaml',
      'version: 1\nmodel: hf:facebook/opt-tiny\nprune: [{method: magnitude, sparsity: 0.5}]\nsave: {to: out}\n',
    )
    const lint = await cli('lint', temp.path('a.prune.yaml'), '--json')
    assert.equal(lint.status, 0, lint.stdout)
    const run = await cliIn(temp.folder, 'run', 'a.prune.yaml', '--device', 'cpu')
    assert.equal(run.status, 0, run.stderr)
    assert.match((await cli('compare', 'hf:facebook/opt-tiny', temp.path('out'))).stdout, /12 tensors changed/)
  })
})
