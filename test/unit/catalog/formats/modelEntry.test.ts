import assert from 'node:assert/strict'
import { modelEntry } from '../../../../src/catalog/formats/modelEntry.ts'
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
