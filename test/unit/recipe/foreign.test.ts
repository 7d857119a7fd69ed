import assert from 'node:assert/strict'
import { parse } from 'yaml'
import { exportToLlmCompressor } from '../../../src/shared/recipe/foreign/exportRecipe.ts'
import { importRecipe } from '../../../src/shared/recipe/foreign/importRecipe.ts'
import { lint } from '../../../src/shared/lint/lint.ts'
import { recoveriesOf } from '../../../src/shared/recipe/resolve.ts'
import { parseRecipe } from '../../../src/shared/lint/parse.ts'

function imported(text: string) {
  const result = importRecipe(text)
  assert.ok(!('problem' in result), JSON.stringify(result))
  const { recipe, findings } = parseRecipe(result.text)
  assert.ok(recipe, `${result.text}\n${findings.map((f) => f.message).join('\n')}`)
  return { ...result, recipe }
}

const llmCompressor = `sparsity_stage:
  sparsity_modifiers:
    SparseGPTModifier:
      sparsity: 0.5
      mask_structure: "2:4"
      block_size: 128
      dampening_frac: 0.02
      targets: ["re:.*q_proj.weight"]
      ignore: ["re:.*lm_head"]
  quantization_modifiers:
    GPTQModifier: {scheme: W4A16}
`

const perp = `program: main.py
method: bayes
parameters:
  model: {value: facebook/opt-125m}
  goal_sparsity: {values: [0.5, 0.6]}
  prune_method: {value: wanda}
  sparsity_type: {value: unstructured}
  training_mode: {value: retrain}
  peft_use_lm_head: {value: false}
  lora_type: {value: lora}
  lora_r: {value: 8}
  initial_lr: {values: [5.0e-5, 5.0e-4]}
  n_iterations: {value: 1000}
  mystery: {value: 1}
`

describe('recipes of other tools', () => {
  it('llm-compressor: names change, tensors become modules, quantisation is listed', () => {
    const { recipe, notes, from } = imported(llmCompressor)
    assert.equal(from, 'llm-compressor')
    assert.deepEqual(recipe.prune, [
      { method: 'sparsegpt', pattern: '2:4', block_size: 128, dampening: 0.02, targets: ['re:.*q_proj'] },
    ])
    assert.ok(
      notes.some((n) => n.startsWith('GPTQModifier')),
      notes.join(),
    )
    assert.ok(
      notes.some((n) => n.includes('.weight')),
      notes.join(),
    )
  })

  it('SparseML: old keys, 0:0, and classes of whole blocks', () => {
    const { recipe, from } = imported(`test_stage:
  obcq_modifiers:
    SparseGPTModifier: {sparsity: 0.6, percdamp: 0.01, mask_structure: "0:0", sequential_update: true, targets: [LlamaDecoderLayer]}
`)
    assert.equal(from, 'sparseml')
    assert.deepEqual(recipe.prune, [{ method: 'sparsegpt', sparsity: 0.6, dampening: 0.01 }])
  })

  it('names of tensors and of whole blocks become modules, in regular expressions too', () => {
    const targetsOf = (targets: string[], ignore: string[] = []) => {
      const settings = JSON.stringify({ sparsity: 0.5, targets, ignore })
      const { recipe } = imported(`a_stage:\n  a_modifiers:\n    WandaPruningModifier: ${settings}\n`)
      return [recipe.prune?.[0].targets, recipe.prune?.[0].ignore]
    }
    const tensors = ['re:.*q_proj\\.weight$', 're:.*k_proj\\.weight', 're:.*v_proj.weight', 'model.layers.1.fc1.weight']
    const modules = ['re:.*q_proj$', 're:.*k_proj', 're:.*v_proj', 'model.layers.1.fc1']
    assert.deepEqual(targetsOf(tensors), [modules, undefined])
    for (const all of ['re:.*layers\\.\\d+$', 're:.*layers\\.[0-9]+$', 'OPTDecoderLayer'])
      assert.deepEqual(targetsOf([all]), [undefined, undefined])
    assert.deepEqual(targetsOf(['model.layers.0', 're:model.layers.12$', 're:.*layers\\.[0-9]$'], ['model.layers.3']), [
      ['re:model\\.layers\\.0\\..*', 're:model.layers.12\\..*', 're:.*layers\\.[0-9]\\..*'],
      ['re:model\\.layers\\.3\\..*'],
    ])
    // Without an end they match what is inside, and blocks 10 to 19 and 30 to 39.
    const open = [['re:model\\.layers\\.1'], ['re:.*layers\\.3']]
    assert.deepEqual(targetsOf(open[0], open[1]), open)
  })

  it('SparseML: recipe cards with front matter', () => {
    const { recipe } = imported(
      `---\nmodifiers:\n  - MagnitudePruningModifier: {final_sparsity: 0.5, params: __ALL__}\n---\n# A card\n`,
    )
    assert.equal(recipe.prune?.[0].method, 'magnitude')
  })

  it('PERP: values become a sweep, its rules are kept, its plain LoRA is not', () => {
    const { recipe, notes } = imported(perp)
    assert.equal(recipe.model, 'facebook/opt-125m')
    assert.deepEqual(recipe.prune, [{ method: 'wanda', sparsity: 0.5, scope: 'tensor', selection: 'perp' }])
    assert.deepEqual(recipe.sweep, { 'prune.0.sparsity': [0.5, 0.6], 'recover.lr': [5e-5, 5e-4] })
    const [recover] = recoveriesOf(recipe.recover)
    assert.deepEqual(recover.train, ['bias', 'norm', 'mask_lora'])
    assert.deepEqual(recover.lora, { rank: 8 })
    for (const word of ['bayes', 'mystery', 'lora'])
      assert.ok(
        notes.some((n) => n.includes(word)),
        word,
      )
  })

  it('PERP: values of which one changes what others mean become cases, none twice', () => {
    const swept = (lines: string) => imported(`parameters:\n${lines}`).recipe
    const two = '  goal_sparsity: {values: [0.7, 0.8]}\n  prune_method: {values: [wanda]}\n'
    const none = '  training_mode: {values: [None]}\n'
    const recipe = swept(`${two}  sparsity_type: {values: ["2:4", unstructured]}\n${none}`)
    const cases = recipe.sweep?.cases ?? []
    const step = (sparsity: number) => ({ method: 'wanda', sparsity, scope: 'tensor', selection: 'perp' })
    assert.deepEqual(
      cases.map(({ name, set }) => [name, set.prune ?? recipe.prune]),
      [
        ['prune.0.pattern=2:4', [{ method: 'wanda', pattern: '2:4' }]],
        ...[0.7, 0.8].map((s) => [`prune.0.sparsity=${s},prune.0.pattern=unstructured`, [step(s)]]),
      ],
    )
    const onlyGroups = swept(`${two}  sparsity_type: {values: ["2:4", "4:8"]}\n${none}`)
    assert.deepEqual(onlyGroups.sweep, { 'prune.0.pattern': ['2:4', '4:8'] })
    const modes = swept(
      `${two}  training_mode: {values: [retrain, reconstruct]}\n  peft_use_lm_head: {values: [true, false]}\n`,
    )
    const trained = modes.sweep?.cases
      ?.map(({ set }) => [set, modes] as const)
      .map(([set, { recover }]) => set.recover ?? recover)
    assert.equal(trained?.length, 6)
    for (const one of trained ?? []) {
      const { mode, data, train } = one as { mode: string; data?: string; train: string[] }
      assert.equal(mode === 'retrain', data !== undefined)
      assert.ok(mode === 'retrain' || !train.includes('head'))
    }
    const long = (n: number) => `/models/${'a'.repeat(90)}/${'b'.repeat(90)}/${n}`
    const named = swept(
      `${two}  model: {values: [${long(1)}, ${long(2)}]}\n  sparsity_type: {values: ["2:4", unstructured]}\n${none}`,
    )
    assert.deepEqual(
      named.sweep?.cases?.map(({ name }) => name),
      [1, 2, 3, 4, 5, 6].map((i) => `case ${i}`),
    )
    const seeds = `  seed: {values: [${Array.from({ length: 600 }, (_, i) => i).join()}]}\n`
    const decays = `  training_mode: {value: reconstruct}\n  weight_decay: {values: [0, 0.1]}\n`
    const fewer = swept(`  goal_sparsity: {value: 0.5}\n  prune_method: {value: wanda}\n${seeds}${decays}`)
    assert.deepEqual(Object.keys(fewer.sweep ?? {}), ['seed'])
    // More than a sweep has: a person shortens the lists.
    const many = importRecipe(`parameters:\n${two}${seeds}${none}`)
    assert.ok(!('problem' in many))
    assert.deepEqual(Object.keys((parse(many.text) as { sweep: object }).sweep), ['prune.0.sparsity', 'seed'])
    assert.match(many.text, /more than 1000 runs: shorten the lists/)
    const data = swept(
      `  goal_sparsity: {value: 0.5}\n  prune_method: {values: [magnitude, sparsegpt]}\n  sparsity_type: {value: "2:4"}\n${none}`,
    )
    assert.ok(data.calibration)
    assert.deepEqual(data.sweep, { 'prune.0.method': ['magnitude', 'sparsegpt'] })
  })

  it('PERP: reconstruction leaves out what theirs does not look at, retraining shuffles as theirs does', () => {
    const text = (mode: string) =>
      `goal_sparsity: 0.5\nprune_method: wanda\ntraining_mode: ${mode}\npeft_strategy: SelectivePEFT\nweight_decay: 0.1\ngradient_accumulation_steps: 2\n`
    const [reconstruct, retrain] = ['reconstruct', 'retrain'].map((mode) => imported(text(mode)))
    const [first] = recoveriesOf(reconstruct.recipe.recover)
    assert.deepEqual([first.weight_decay, first.grad_accumulation, first.shuffle], [undefined, undefined, undefined])
    for (const key of ['weight_decay', 'gradient_accumulation_steps'])
      assert.ok(reconstruct.notes.some((note) => note.includes(key)))
    const [second] = recoveriesOf(retrain.recipe.recover)
    assert.deepEqual([second.weight_decay, second.grad_accumulation, second.shuffle], [0.1, 2, true])
  })

  it('a value that cannot be taken over takes no more along than its step, or itself', () => {
    const steps = imported(
      'a_stage:\n  a_modifiers:\n    SparseGPTModifier: {sparsity: [0.0, 0.5]}\n    WandaPruningModifier: {sparsity: 0.6}\n',
    )
    assert.deepEqual(
      steps.recipe.prune?.map(({ method, sparsity }) => [method, sparsity]),
      [['wanda', 0.6]],
    )
    assert.match(steps.notes.join('\n'), /prune\.0\.sparsity\.0 cannot be taken over.*; prune\.0 was left out/)
    const rate = imported(
      'goal_sparsity: 0.5\nprune_method: wanda\ntraining_mode: retrain\ninitial_lr: -1\nn_iterations: 7\n',
    )
    const [recover] = recoveriesOf(rate.recipe.recover)
    assert.deepEqual([recover.mode, recover.steps, recover.lr], ['retrain', 7, undefined])
    assert.match(rate.notes.join('\n'), /recover\.lr cannot be taken over/)
  })

  it('what is no recipe says so, and hostile values do not get through', () => {
    for (const text of ['', 'a: 1', '[1, 2', 'version: 1\nmodel: m\n', '- '.repeat(20_000)]) {
      assert.ok('problem' in importRecipe(text), text.slice(0, 20))
    }
    const odd = importRecipe(
      'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: [], targets: {a: 1}, block_size: x}\n',
    )
    assert.ok(!('problem' in odd) && parseRecipe(odd.text).recipe)
  })

  it('imported text is what every YAML reader understands', () => {
    const { text } = imported(perp.replace('5.0e-5', '5.0e-7'))
    assert.deepEqual(
      lint(text).findings.filter((f) => f.rule.startsWith('Y')),
      [],
    )
    assert.match(text, /5\.0e-7/)
  })

  it('an exported recipe has both suffixes, keeps the head dense, and lists what is lost', () => {
    const { recipe } = parseRecipe(`version: 1
model: m
prune:
  - {method: sparsegpt, pattern: "2:4"}
  - {method: random, sparsity: 0.2, targets: ["re:.*fc1"], ignore: []}
calibration: {data: a.jsonl, seq_len: 64}
recover: {train: [norm]}
evaluate: [{data: b.jsonl, seq_len: 64}]
`)
    assert.ok(recipe)
    const { text, lost } = exportToLlmCompressor(recipe)
    assert.deepEqual(parse(text), {
      step0_stage: {
        pruning_modifiers: {
          SparseGPTModifier: {
            sparsity: 0.5,
            mask_structure: '2:4',
            block_size: 128,
            dampening_frac: 0.01,
            targets: ['Linear'],
            ignore: ['re:.*lm_head'],
          },
        },
      },
    })
    assert.equal(lost.length, 4)
    assert.deepEqual(
      lint(text).findings.filter((f) => f.severity === 'error'),
      [],
    )
  })

  it('an exported recipe lists the scopes, sparsities and exceptions that the other tool does not have', () => {
    const { recipe } = parseRecipe(`version: 1
model: m
prune:
  - {method: magnitude, sparsity: [0.4, 0.6], targets: ["re:.*fc1"], ignore: ["re:.*layers.1.*"]}
  - {method: wanda, sparsity: 0.5, scope: tensor, targets: ["re:.*fc2"]}
  - {method: magnitude, sparsity: 0.5, scope: row, targets: ["re:.*out_proj"]}
  - {method: sparsegpt, sparsity: 0.7, allocation: depth, targets: ["re:.*k_proj"]}
  - {method: sparsegpt, sparsity: [0.4, 0.6], targets: ["re:.*v_proj"]}
calibration: {data: a.jsonl, seq_len: 64}
`)
    assert.ok(recipe)
    const lost = exportToLlmCompressor(recipe).lost.join('\n')
    for (const said of [
      /prune\.0: sparsities of the blocks.* 0\.4/,
      /prune\.3: allocation depth; every block gets 0\.7/,
      /prune\.4: sparsities from the first block to the last/,
      /prune\.0: ignore/,
      /prune\.1: scope tensor/,
      /prune\.2: scope row/,
    ])
      assert.match(lost, said)
  })

  it('an OWL profile is an allocation, there and back', () => {
    const text =
      'a_stage:\n  a_modifiers:\n    WandaPruningModifier: {sparsity: 0.7, sparsity_profile: owl, owl_m: 3, owl_lmbda: 0.1}'
    const { recipe } = imported(text)
    const step = { method: 'wanda', sparsity: 0.7, allocation: 'owl', owl: { threshold: 3, spread: 0.1 } }
    assert.deepEqual(recipe.prune, [step])
    assert.match(exportToLlmCompressor(recipe).text, /sparsity_profile: owl\n +owl_m: 3\n +owl_lmbda: 0\.1/)
    assert.deepEqual(imported(text.replace('profile: owl', 'profile: OWL')).recipe.prune, [step])
    const other = importRecipe(text.replace('profile: owl', 'profile: pyramid'))
    assert.match('notes' in other ? other.notes.join() : '', /sparsity_profile: pyramid is no spread/)
  })

  it('what was exported can be imported again', () => {
    const { recipe } = parseRecipe(
      'version: 1\nmodel: m\nprune: [{method: wanda, sparsity: 0.6, ignore: ["re:.*fc1"]}]\ncalibration: {data: a.jsonl, seq_len: 64}\nsave: {to: out}\n',
    )
    assert.ok(recipe)
    assert.deepEqual(imported(exportToLlmCompressor(recipe).text).recipe.prune, recipe.prune)
  })
})
