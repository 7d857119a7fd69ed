import assert from 'node:assert/strict'
import { modelLabel } from '../../../../src/catalog/formats/modelLabel.ts'

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
