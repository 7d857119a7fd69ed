import assert from 'node:assert/strict'
import { modelEntry, modelLabel } from '../../../../src/catalog/formats/checkpointFormats.ts'
import { weightsOfModels } from '../../../../src/extension/models/modelFiles.ts'

const shards = (suffix: string) =>
  [1, 2].map((i) => `${suffix === '.bin' ? 'pytorch_model' : 'model'}-0000${i}-of-00002${suffix}`)

/** Names in a folder, and the one that is opened. */
const folders: [names: string[], entry: string | null][] = [
  [['model.safetensors', 'pytorch_model.bin'], 'model.safetensors'],
  [['pytorch_model.bin', 'adapter_model.safetensors'], 'pytorch_model.bin'],
  [['pytorch_model.bin.index.json', ...shards('.bin'), 'ids.safetensors'], 'pytorch_model.bin.index.json'],
  [
    ['pytorch_model.bin.index.json', ...shards('.bin'), 'model.safetensors.index.json', ...shards('.safetensors')],
    'model.safetensors.index.json',
  ],
  [['whatever.safetensors'], 'whatever.safetensors'],
  [['other.safetensors.index.json', 'adapter_model.safetensors'], 'other.safetensors.index.json'],
  [['a.safetensors', 'b.safetensors'], null],
  [['training_args.bin'], null],
]

describe('the model of a folder', () => {
  for (const [names, entry] of folders)
    it(`${names.join(', ')}: ${entry ?? 'none'}`, () => {
      assert.equal(modelEntry(names)?.entry ?? null, entry)
      assert.equal(modelEntry([...names].reverse())?.entry ?? null, entry)
    })

  it('is the one that the trees show, where a folder has two formats', () => {
    for (const [names, entry] of folders) {
      if (entry === null || new Set(names.map((name) => /bin/.test(name))).size < 2) continue
      const uris = names.map((name) => ({ fsPath: `/models/${name}` }))
      const isIndex = ({ fsPath }: { fsPath: string }) => fsPath.endsWith('.json')
      const shown = weightsOfModels(
        uris.filter((uri) => !isIndex(uri)),
        uris.filter(isIndex),
      )
      assert.deepEqual(
        shown.map(({ fsPath }) => fsPath),
        [`/models/${entry}`],
      )
    }
  })
})

const hub =
  '/home/a/.cache/huggingface/hub/models--facebook--opt-125m/snapshots/27dcfa74d334bc871f3234de431e71c6eeba5dd6'

describe('labels of models', () => {
  const cases: [string, string][] = [
    ['/models/opt-125m', 'opt-125m'],
    ['/models/opt-125m/', 'opt-125m'],
    ['/models/opt-125m/model.safetensors', 'opt-125m'],
    ['/models/opt-125m/model.safetensors.index.json', 'opt-125m'],
    ['/models/opt-125m/model-00001-of-00003.safetensors', 'opt-125m'],
    ['/models/opt-125m/pytorch_model.bin', 'opt-125m'],
    ['/models/opt-125m/pytorch_model.bin.index.json', 'opt-125m'],
    ['/models/opt-125m/merged.safetensors', 'merged.safetensors'],
    ['C:\\models\\opt\\model.safetensors', 'opt'],
    ['model.safetensors', 'model.safetensors'],
    [hub, 'facebook/opt-125m'],
    [`${hub}/model.safetensors`, 'facebook/opt-125m'],
    ['/hub/models--gpt2/snapshots/607a30d7', 'gpt2'],
    ['/mine/snapshots/607a30d7', '607a30d7'],
  ]
  for (const [path, label] of cases)
    it(`${path} is called ${label}`, () => {
      assert.equal(modelLabel(path), label)
    })
})
