// The linter against thousands of seeded mistakes. What would be refused is asked of the schema and of the engine's own
// readers of a recipe, not of lint.
import assert from 'node:assert/strict'
import { parse } from 'yaml'
import { trainableSet } from '../../../src/plan/trainable.ts'
import { createRng } from '../../../src/engine/rng.ts'
import { isAdapterName } from '../../../src/catalog/adapters/adapters.ts'
import { selectModules } from '../../../src/recipe/match.ts'
import { blockLinears } from '../../../src/catalog/families/parameters.ts'
import { readModelConfig } from '../../../src/catalog/families/modelConfig.ts'
import { dataUses } from '../../../src/recipe/dataUses.ts'
import { createContext } from '../../../src/lint/context.ts'
import { readDocument, type RecipeDocument } from '../../../src/recipe/document.ts'
import { noFacts } from '../../../src/recipe/facts.ts'
import type { LintFacts } from '../../../src/recipe/facts.ts'
import type { Finding, Position } from '../../../src/recipe/finding.ts'
import { lint } from '../../../src/lint/lint.ts'
import type { LintResult } from '../../../src/lint/lint.ts'
import { parseNm } from '../../../src/catalog/formats/sparsity.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { mutate } from '../../support/mutateRecipe.ts'
import type { Mutant } from '../../support/mutateRecipe.ts'
import { factsOf, modelOf, optConfig } from '../../support/recipeFacts.ts'

/** Few blocks: each rule looks at all modules, of every mutant. */
const smallConfig = { ...optConfig, num_hidden_layers: 4 }
const config = readModelConfig(smallConfig)
const model = modelOf(smallConfig, { masked: true })
const linears = blockLinears(config).map((l) => ({ ...l, className: l.kind }))

const recipes = [
  `version: 1
model: m
prune:
  - method: wanda
    sparsity: 0.5
    scope: row
    targets: ["re:.*fc[12]$", model.decoder.layers.0.self_attn.q_proj]
    ignore: ["re:.*layers\\\\.3\\\\."]
calibration: {data: a.jsonl, field: text, samples: 128, seq_len: 512}
seed: 0
recover:
  mode: reconstruct
  train: [bias, norm, mask_lora]
  lora: {rank: 8, alpha: 16}
  steps: 1000
  lr: 5.0e-4
  batch_size: 2
evaluate:
  - {task: perplexity, data: b.jsonl, seq_len: 512, at: [dense, pruned, recovered], every: 2}
save: {to: out, max_shard: 5GB}
`,
  `version: 1
model: m
prune:
  - {method: magnitude, sparsity: [0.4, 0.6], scope: global}
seed: 3
recover: {mode: retrain, train: [norm, head], steps: 100, lr: 1.0e-4, clip_norm: 1, data: a.jsonl, seq_len: 256, samples: 64, shuffle: true}
save: {to: out}
# sparsescope-disable R4: the head is to be untied
`,
  `version: 1
model: m
prune:
  - method: sparsegpt
    pattern: "2:4"
    block_size: 64
    dampening: 0.02
calibration:
  data: a.jsonl
  seq_len: 128
  samples: 64
seed: 1
save:
  to: out
`,
]

function factsFor(document: RecipeDocument): LintFacts {
  const { resolved } = createContext(document, noFacts)
  const facts = factsOf(model)
  const data = new Map(facts.data)
  // A misspelt path leads to no file.
  for (const { data: path } of dataUses(resolved)) {
    if (!data.has(path)) data.set(path, { ...[...data.values()][0], exists: false })
  }
  const known = resolved.model === 'm'
  const missing = modelOf(null, {
    tensors: new Map(),
    problems: [{ rule: 'model-missing', message: 'It does not exist.' }],
  })
  return { ...facts, data, model: known ? model : missing }
}

/** Why a run would not start, or would change nothing; null when it would run. */
function refusal(text: string): string | null {
  try {
    const checked = recipeSchema.safeParse(parse(text, { logLevel: 'silent' }))
    if (!checked.success) return checked.error.issues[0].message
    const recipe = resolveRecipe(checked.data, config)
    const { prune, recover, calibration, evaluate, save } = recipe
    if (recipe.model !== 'm') return 'no model'
    if (prune.length === 0 && recover.length === 0 && evaluate.length === 0) return 'does nothing'
    if (!save && evaluate.length === 0) return 'shows nothing'
    if (dataUses(recipe).some((u) => !/^[ab]\.jsonl$/.test(u.data) || !['text', 'title', undefined].includes(u.field)))
      return 'no data'
    if (dataUses(recipe).some((u) => (u.seqLen ?? 0) > config.maxPositions)) return 'too long'
    if (prune.some(({ targets, ignore }) => selectModules(linears, targets, ignore).length === 0))
      return 'prunes nothing'
    for (const { mode, data, steps, ...rest } of recover) {
      const { direct, adapted } = trainableSet(config, { mode, ...rest })
      if (direct.length + adapted.length === 0) return 'trains nothing'
      const adapters = rest.train.filter(isAdapterName).length
      if (adapters > 1 || (adapters > 0 && rest.train.includes('full'))) return 'two things train a matrix'
      if (mode === 'retrain' && data === undefined) return 'no training data'
      if (mode === 'retrain' && steps === 1) return 'only warm-up'
    }
    const reconstructs = recover.some(({ mode }) => mode === 'reconstruct')
    const looks = reconstructs || prune.some((s) => s.method === 'wanda' || s.method === 'sparsegpt')
    if (looks && !calibration) return 'no calibration'
    for (const step of prune) {
      const group = parseNm(step.pattern)
      if (group && 64 % group.m !== 0) return 'groups do not fit'
      if (group && step.block_size !== undefined && step.block_size % group.m !== 0) return 'blocks do not fit'
      if (Array.isArray(step.sparsity) && step.sparsity.length > config.numBlocks) return 'too many'
    }
    return null
  } catch (error) {
    return String(error)
  }
}

function lintWithFacts(text: string): LintResult {
  const document = readDocument(text)
  return lint(text, { document, facts: factsFor(document) })
}

function overlaps({ document, findings }: LintResult, { changed }: Mutant): boolean {
  if (!changed) return true
  const at = (p: Position) => document.offset(p)
  return findings.some((f: Finding) => at(f.range.start) < changed.end && at(f.range.end) > changed.start)
}

describe('lint against mutated recipes', () => {
  for (const [i, text] of recipes.entries()) {
    it(`recipe ${i} is good before it is mutated`, () => {
      assert.deepEqual(lintWithFacts(text).findings, [])
      assert.equal(refusal(text), null)
    })
  }

  it('reports every mutant that would be refused or change nothing, where it was changed', function () {
    this.timeout(600_000)
    const rng = createRng(2312, 'mutants')
    const missed: string[] = []
    const misplaced: string[] = []
    let refused = 0
    for (let i = 0; i < 2400; i++) {
      const mutant = mutate(recipes[rng.below(recipes.length)], rng)
      const why = refusal(mutant.text)
      if (why === null) continue
      refused++
      const result = lintWithFacts(mutant.text)
      const serious = result.findings.filter((f) => f.severity === 'error' || f.severity === 'warning')
      if (serious.length === 0) missed.push(`${mutant.kind} (${why}):\n${mutant.text}`)
      else if (!overlaps(result, mutant)) {
        misplaced.push(
          `${mutant.kind} (${why}): ${serious.map((f) => `${f.rule} ${f.message}`).join(' ')}\n${mutant.text}`,
        )
      }
    }
    assert.ok(refused > 1000, `only ${refused} mutants were bad`)
    assert.deepEqual(missed, [])
    assert.deepEqual(misplaced, [])
  })
})
