import assert from 'node:assert/strict'
import { activationKinds, activationOf } from '../../../../src/catalog/families/activations.ts'
import { families, familyOf } from '../../../../src/catalog/families/families.ts'
import type { FamilySpec, Slot } from '../../../../src/catalog/families/familySpec.ts'
import { readModelConfig } from '../../../../src/catalog/families/modelConfig.ts'
import { blockLinears, modelParameters } from '../../../../src/catalog/families/parameters.ts'

/** Names under which a family reads its sizes, filled in. */
function smallConfig(family: FamilySpec): Record<string, unknown> {
  const { keys } = family
  const config: Record<string, unknown> = {
    model_type: family.modelType,
    vocab_size: 10,
    rotary_pct: 0.5,
    partial_rotary_factor: family.position.kind === 'rope' && family.position.fractionKeys.length > 0 ? 0.5 : 1,
    [keys.hiddenSize]: 8,
    [keys.intermediateSize]: 12,
    [keys.numBlocks]: 2,
    [keys.numHeads]: 2,
    [keys.maxPositions]: 16,
  }
  if (family.moe?.sharedSizeKey) config[family.moe.sharedSizeKey] = 6
  if (keys.headDim) config[keys.headDim] = 4
  if (keys.numKvHeads) config[keys.numKvHeads] = 2
  return config
}

describe('families', () => {
  for (const family of families) {
    describe(family.title, () => {
      it('uses every tensor name of its row under some configuration, and no slot without a name', () => {
        const switches: Record<string, unknown>[] = [{}]
        if (typeof family.qkNorm === 'object') switches.push({ [family.qkNorm.key]: true })
        if (family.keys.embedSize) switches.push({ [family.keys.embedSize]: 4 })
        if (family.tied) switches.push({ tie_word_embeddings: false })
        const used = new Set<Slot>()
        for (const extra of switches) {
          const config = readModelConfig({ ...smallConfig(family), ...extra })
          for (const { slot } of modelParameters(config)) used.add(slot)
        }
        // Norms without parameters have no tensors under their names.
        if (family.norm.affine === false)
          for (const slot of ['attn.norm', 'mlp.norm', 'finalNorm'] as const) used.add(slot)
        assert.deepEqual([...used].sort(), Object.keys(family.tensors).sort())
      })

      it('names each parameter once', () => {
        const names = modelParameters(readModelConfig(smallConfig(family))).map((p) => p.name)
        assert.equal(new Set(names).size, names.length)
      })

      it('lists as block linears exactly the weights of kind linear', () => {
        const config = readModelConfig(smallConfig(family))
        const weights = modelParameters(config).filter((p) => p.kind === 'linear')
        assert.deepEqual(
          blockLinears(config).map((l) => `${l.name}.weight`),
          weights.map((p) => p.name),
        )
        assert.ok(blockLinears(config).every((l) => !/gate$/.test(l.name) || l.slot !== 'moe.router'))
      })
    })
  }

  it('refuse an unknown model_type with the list of known ones', () => {
    assert.throws(() => familyOf({ model_type: 'bert' }), /"bert".*supported are opt, llama, mistral/)
    assert.throws(() => familyOf({}), /model_type is missing/)
    assert.throws(() => familyOf(null), /model_type is missing/)
    assert.throws(() => familyOf({ model_type: '__proto__' }), /not supported/)
  })

  it('take the base model’s prefix from the names in the file', () => {
    const config = smallConfig(familyOf({ model_type: 'gpt2' }))
    const nameOf = (names?: Set<string>) => blockLinears(readModelConfig(config, names))[0].name
    assert.equal(nameOf(), 'transformer.h.0.attn.c_attn')
    assert.equal(nameOf(new Set(['transformer.wte.weight'])), 'transformer.h.0.attn.c_attn')
    assert.equal(nameOf(new Set(['wte.weight'])), 'h.0.attn.c_attn')
  })
})

describe('activations', () => {
  it('refuse an unknown name with the key and the known ones', () => {
    assert.throws(() => activationOf('hidden_act', 'mish'), /hidden_act is "mish".*gelu_new.*silu/)
    assert.throws(() => activationOf('hidden_act', 'toString'), /not supported/)
  })

  it('know every relu, gelu and silu name of transformers', () => {
    const names = ['relu', 'relu2', 'relu6', 'leaky_relu', 'gelu', 'gelu_10', 'gelu_fast', 'gelu_new', 'gelu_python']
    names.push('gelu_pytorch_tanh', 'gelu_accurate', 'quick_gelu', 'silu', 'swish', 'linear', 'sigmoid', 'tanh')
    for (const name of names) assert.ok(Object.hasOwn(activationKinds, name), name)
  })
})
