import assert from 'node:assert/strict'
import { readModelConfig } from '../../../../src/catalog/families/modelConfig.ts'
import { modelParameters } from '../../../../src/catalog/families/parameters.ts'
import { tensorMismatch } from '../../../../src/catalog/families/tensorMismatch.ts'
import { llamaConfig, tensorsOf } from '../../../support/recipeFacts.ts'

describe('tensors that are not those of config.json', () => {
  const parameters = modelParameters(readModelConfig(llamaConfig))
  const mismatch = (rename: (name: string) => string) =>
    tensorMismatch(parameters, new Map([...tensorsOf(llamaConfig)].map(([name, tensor]) => [rename(name), tensor])))

  it('are reported by name', () => {
    assert.equal(
      mismatch((name) => name),
      null,
    )
    assert.match(
      mismatch((name) => `x.${name}`) ?? '',
      /^model\.embed_tokens\.weight: .*Is config\.json from another model\?$/,
    )
  })

  for (const prefix of ['_orig_mod.', 'module.', 'module._orig_mod.'])
    it(`of a model in a wrapper, ${prefix}, what to take off`, () => {
      const said = mismatch((name) => prefix + name) ?? ''
      assert.ok(said.includes(`the file has it as ${prefix}model.embed_tokens.weight`), said)
      assert.ok(said.includes(`k.removeprefix("${prefix}")`), said)
    })
})
