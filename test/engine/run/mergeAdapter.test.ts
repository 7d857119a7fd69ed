// recover.mode: merge against PEFT itself (test/fixtures/peft/make.py), against a product in f64, and its ends: masks, resuming, refusals.
import assert from 'node:assert/strict'
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openCheckpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import { readF32Tensor } from '../../../src/engine/checkpoint/createCheckpoint.ts'
import { maskFileName } from '../../../src/engine/checkpoint/maskFile.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { planOfText } from '../../../src/engine/run/open/dryRun.ts'
import { htmlReport } from '../../../src/engine/run/report/htmlReport.ts'
import type { RunEvent } from '../../../src/runs/series/events.ts'
import { backends } from '../../support/backends.ts'
import { f32, safetensors } from '../../support/safetensors.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { lacks } from '../../support/skip.ts'
import { run, runPlace } from '../../support/runs.ts'

const fixturePath = (...parts: string[]) => new URL(`../../fixtures/${parts.join('/')}`, import.meta.url).pathname
const cases = ['llama', 'gpt2', 'phi3'] as const
const base = (name: string) => fixturePath('peft', name, 'base')
const adapter = (name: string) => fixturePath('peft', name, 'adapter')

function recipeOf(place: Scratch, name: string, more: object = {}): string {
  return place.recipe(name, {
    version: 1,
    model: base(name),
    recover: { mode: 'merge', adapter: adapter(name) },
    save: { to: `out-${name}` },
    ...more,
  })
}

async function tensorsOf(path: string): Promise<Map<string, Float32Array>> {
  const file = await openCheckpoint(path)
  const tensors = new Map<string, Float32Array>()
  for (const name of file.tensors.keys())
    tensors.set(name, (await readF32Tensor(file, name))?.values ?? new Float32Array())
  await file.close()
  return tensors
}

describe('recover.mode: merge agrees with PEFT', () => {
  for (const { name: device, open } of backends)
    describe(device, () => {
      let backend: Backend
      let place: Scratch
      before(async function () {
        const opened = await open()
        if ('reason' in opened) return lacks(this, opened.reason)
        backend = opened.backend
        place = scratch()
      })
      after(async () => {
        await backend?.close()
      })

      for (const name of cases)
        it(`${name}: merge_and_unload under the mask, and every zero kept`, async () => {
          await run(backend, { recipe: recipeOf(place, name) })
          const [merged, golden, before] = await Promise.all(
            [place.path(`out-${name}`), fixturePath('peft', name, 'merged.safetensors'), base(name)].map(tensorsOf),
          )
          assert.deepEqual([...merged.keys()].sort(), [...before.keys()].sort())
          let changed = 0
          for (const [tensor, values] of merged) {
            const expected = golden.get(tensor) ?? golden.get(`transformer.${tensor}`)
            assert.ok(expected, tensor)
            const old = before.get(tensor) ?? values
            // Both sum in f32, in another order: values are of the size of one.
            for (const [i, value] of values.entries()) assert.ok(Math.abs(value - expected[i]) < 1e-6, `${tensor} ${i}`)
            changed += Number(values.some((value, i) => value !== old[i]))
          }
          assert.ok(changed > 0)
        })
    })
})

/** Sum of squares of s·B·A, and of its entries on pruned weights, in f64. */
function squaresOf(a: Float32Array, b: Float32Array, scale: number, weight: Float32Array, columns: number) {
  const rank = a.length / columns
  let [all, cut] = [0, 0]
  for (const [at, value] of weight.entries()) {
    let sum = 0
    for (let k = 0; k < rank; k++) sum += b[Math.floor(at / columns) * rank + k] * a[k * columns + (at % columns)]
    all += (scale * sum) ** 2
    if (value === 0) cut += (scale * sum) ** 2
  }
  return { norm: Math.sqrt(all), cut: cut / all }
}

describe('recover.mode: merge in a run', () => {
  const here = runPlace()

  it('reports by module the norm of the update and the share of it that fell on zeros, in events and report', async () => {
    const events: RunEvent[] = []
    const report = await run(here.backend, {
      recipe: recipeOf(here.place, 'llama'),
      onEvent: (event) => events.push(event),
    })
    const [weights, factors] = await Promise.all(
      [base('llama'), join(adapter('llama'), 'adapter_model.safetensors')].map(tensorsOf),
    )
    const merged = report.recoveries[0].merged
    assert.ok(merged)
    assert.equal(Object.keys(merged.modules).length, 7)
    // Ranks and alphas as the patterns of adapter_config.json give them.
    const scales = {
      'layers.0.self_attn.q_proj': 6 / 4,
      'layers.1.self_attn.q_proj': 5 / 2,
      'layers.1.self_attn.o_proj': 6 / 2,
      'layers.0.mlp.down_proj': 9 / 3,
      'layers.1.mlp.down_proj': 9 / 4,
    }
    for (const [name, scale] of Object.entries(scales)) {
      const [a, b] = ['A', 'B'].map((side) => factors.get(`base_model.model.model.${name}.lora_${side}.weight`))
      const weight = weights.get(`model.${name}.weight`)
      assert.ok(a && b && weight)
      const expected = squaresOf(a, b, scale, weight, name.includes('down') ? 24 : 16)
      const found = merged.modules[`model.${name}`]
      assert.ok(Math.abs(found.norm / expected.norm - 1) < 1e-5 && Math.abs(found.cut - expected.cut) < 1e-5, name)
      assert.ok(found.cut > 0.2 && found.cut < 0.8)
    }
    assert.equal(merged.modules.lm_head.cut, 0)
    const told = events.flatMap((event) => (event.type === 'merge' ? [event] : []))
    assert.deepEqual(
      told.map(({ block }) => block),
      [0, 1, null],
    )
    assert.deepEqual(Object.assign({}, ...told.map(({ modules }) => modules)), merged.modules)
    assert.ok(report.protocol.some((sentence) => /% of the adapter's update .* fell on zeros/.test(sentence)))
    assert.match(await htmlReport(report, join(report.run, 'events.jsonl')), /Merged adapter.*self_attn\.q_proj/s)
  })

  it('prunes first and merges under that mask, which the result has bit for bit', async () => {
    const dense = here.place.path('dense')
    cpSync(base('llama'), dense, { recursive: true })
    const file = await tensorsOf(dense)
    // No zero is left in it, so that the mask is the run's own.
    const shapes = await openCheckpoint(dense)
    const filled = Object.fromEntries(
      [...file].map(([name, values]) => [
        name,
        f32(
          [...(shapes.tensors.get(name)?.shape ?? [])],
          values.map((value, i) => value || 0.01 * ((i % 7) + 1)),
        ),
      ]),
    )
    await shapes.close()
    writeFileSync(join(dense, 'model.safetensors'), safetensors(filled, { format: 'pt' }))
    const prune = [{ method: 'magnitude', pattern: '2:4' }]
    const save = { to: 'merged', pruned: 'pruned' }
    await run(here.backend, { recipe: recipeOf(here.place, 'llama', { model: dense, prune, save }) })
    const [pruned, merged] = await Promise.all([here.place.path('pruned'), here.place.path('merged')].map(tensorsOf))
    const weight = 'model.layers.0.self_attn.q_proj.weight'
    const [before, after] = [pruned.get(weight), merged.get(weight)]
    assert.ok(before && after)
    assert.equal(before.filter((value) => value === 0).length, before.length / 2)
    assert.ok(after.every((value, i) => (value === 0) === (before[i] === 0)))
    assert.notDeepEqual(before, after)
    const masks = ['pruned', 'merged'].map((name) => readFileSync(here.place.path(name, maskFileName)))
    assert.ok(masks[0].equals(masks[1]))
  })

  it('continues after it was cancelled between two blocks, with the same bytes', async () => {
    await run(here.backend, { recipe: recipeOf(here.place, 'gpt2', { save: { to: 'whole' } }) })
    const controller = new AbortController()
    let folder = ''
    const stopped = run(here.backend, {
      recipe: recipeOf(here.place, 'gpt2', { save: { to: 'cut' } }),
      signal: controller.signal,
      onFolder: (path) => (folder = path),
      onEvent: (event) => event.type === 'merge' && controller.abort(),
    })
    await assert.rejects(stopped, { code: 'cancelled' })
    const report = await run(here.backend, { resume: folder })
    assert.equal(Object.keys(report.recoveries[0].merged?.modules ?? {}).length, 8)
    const [whole, cut] = ['whole', 'cut'].map((name) => readFileSync(here.place.path(name, 'model.safetensors')))
    assert.ok(whole.equals(cut))
  })

  it('is refused before anything is written where it is of another model, by a run, a dry run and lint alike', async () => {
    const recipe = recipeOf(here.place, 'llama', { recover: { mode: 'merge', adapter: adapter('gpt2') } })
    const message =
      /has "base_model\.model\.transformer\.h\.0\.attn\.c_attn\.base_layer\.bias", which is no parameter of this model/
    await assert.rejects(run(here.backend, { recipe }), { code: 'bad-checkpoint', message })
    const text = readFileSync(recipe, 'utf8')
    await assert.rejects(planOfText(recipe, text, []), { code: 'bad-checkpoint', message })
    const { findings } = await lintText(text, { folder: here.place.folder })
    assert.match(findings.find(({ rule }) => rule === 'R14')?.message ?? '', message)
    assert.deepEqual(readdirSync(here.place.folder), ['llama.prune.yaml'])
  })

  it('is planned: what it does, and what it takes', async () => {
    const recipe = recipeOf(here.place, 'phi3')
    const plan = await planOfText(recipe, readFileSync(recipe, 'utf8'), [])
    assert.equal(plan.mode, 'merge')
    assert.equal(plan.trainable, 0)
    assert.deepEqual(plan.errors, [])
    assert.ok(plan.estimates.memoryBytes > 0 && plan.estimates.seconds)
  })
})
