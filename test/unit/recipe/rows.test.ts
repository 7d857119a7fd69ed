// What follows from the rows of settings.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { lint } from '../../../src/lint/lint.ts'
import { pathAt, readDocument } from '../../../src/recipe/document.ts'
import { schemaAt } from '../../../src/recipe/jsonSchema.ts'
import { recipeSchema, type Recipe } from '../../../src/recipe/schema.ts'
import { resolveRecipe } from '../../../src/recipe/resolve.ts'
import { fieldAt, formFields, sections } from '../../../src/recipe/settings/fields.ts'
import { recipeRows } from '../../../src/recipe/settings/recipe.ts'
import { all, idle, idleKeys, mapOf, resolveRows, rowsOf, type Rows } from '../../../src/recipe/settings/row.ts'
import { root } from '../../support/documents.ts'
import { chosen, recoveries, textOf } from '../../support/recipeChoices.ts'

interface Known {
  readonly kind: 'plain' | 'fancy'
  readonly size: number
  readonly most: number
}
const row = rowsOf<Known>()
const rows = {
  twice: row({ type: z.int(), about: 'Twice the size.', default: ({ size }: Known) => 2 * size }),
  size: row({ type: z.int(), about: 'A size.', default: 4, resolve: (size, { most }) => Math.min(size, most) }),
  kind: row({ type: z.enum(['plain', 'fancy']), about: 'A kind.', default: 'plain' }),
  name: row({ type: z.string(), about: 'A name.', required: true }),
  colour: row({
    type: z.string(),
    about: 'A colour.',
    default: 'red',
    appliesWhen: all<Known>(
      ({ kind }) => kind === 'fancy' || idle('of kind plain', 'kind'),
      ({ size }) => size > 1 || idle('with a size of 1', 'size'),
    ),
    leftOutWhenIdle: true,
  }),
}

describe('rows of settings', () => {
  it('give a schema that takes their keys and no others, and wants those that are required', () => {
    const schema = mapOf(rows)
    assert.deepEqual(schema.parse({ name: 'a', size: 3 }), { size: 3, name: 'a' })
    for (const wrong of [{}, { name: 'a', weight: 1 }, { name: 'a', kind: 'odd' }])
      assert.ok(!schema.safeParse(wrong).success, JSON.stringify(wrong))
    const { properties = {} } = z.toJSONSchema(schema) as { properties?: Record<string, unknown> }
    assert.deepEqual(properties.kind, {
      type: 'string',
      enum: ['plain', 'fancy'],
      description: 'A kind.',
      markdownDescription: 'A kind.',
      default: 'plain',
    })
  })

  it('give a default from keys before and after its own, and from what surrounds the map', () => {
    assert.deepEqual(resolveRows(rows, { name: 'a' }, { most: 3 }), { twice: 6, size: 3, kind: 'plain', name: 'a' })
    assert.equal(resolveRows(rows, { name: 'a', twice: 1 }, { most: 3 }).twice, 1)
  })

  it('do not compile where a map of them expects another value of a key', () => {
    const wrong = { size: rowsOf<{ readonly size: string }>()({ type: z.int(), about: 'A size.', default: 4 }) }
    // @ts-expect-error: the row gives a number, `Known` says a string.
    assert.deepEqual(resolveRows(wrong, {}, {}), { size: 4 })
  })

  it('find a key without effect with the first reason, and leave it out where the row says so', () => {
    const resolved = resolveRows(rows, { name: 'a', colour: 'blue' }, { most: 1 })
    assert.equal(resolved.colour, undefined)
    const known = { ...resolved, most: 1 }
    assert.deepEqual(idleKeys(rows, { colour: 'blue' }, known, ['box']), [
      { path: ['box', 'colour'], reason: 'of kind plain', from: ['kind'] },
    ])
    const fancy = { ...known, kind: 'fancy' as const }
    assert.deepEqual(
      idleKeys(rows, {}, fancy, []).map(({ reason }) => reason),
      ['with a size of 1'],
    )
    assert.equal(resolveRows(rows, { name: 'a', kind: 'fancy' }, { most: 3 }).colour, 'red')
  })

  it('give each recipe a default list of its own', () => {
    const recipe: Recipe = { version: 1, model: 'm', prune: [{}], evaluate: [{ data: 'a.txt' }] }
    const first = resolveRecipe(recipe)
    first.prune[0].targets.push('changed')
    first.evaluate[0].at.pop()
    assert.deepEqual(resolveRecipe(recipe).prune[0].targets, ['Linear'])
    assert.deepEqual(resolveRecipe(recipe).evaluate[0].at, ['dense', 'recovered'])
  })

  it('resolve a resolved recipe to itself', () => {
    const recipe = recipeSchema.parse({
      version: 1,
      model: 'm',
      prune: [{ method: 'sparsegpt' }, { allocation: 'owl', pattern: 'unstructured' }, { pattern: '2:4' }],
      calibration: { data: 'a.jsonl' },
      recover: [{ mode: 'refit' }, { mode: 'retrain', data: 'b.jsonl', loss: 'dense' }],
      evaluate: [{ data: 'c.txt' }, { task: 'boolq', data: 'd.jsonl' }, { task: 'samples', prompts: ['x'] }],
      save: { to: './out', format: 'gguf' },
    })
    const resolved = resolveRecipe(recipe)
    assert.deepEqual(resolveRecipe(recipeSchema.parse(resolved)), resolved)
  })

  it('give every map of the format its keys', () => {
    for (const [section, map] of Object.entries(sections)) {
      const { properties = {}, required = [] } = z.toJSONSchema(mapOf(map), { io: 'input' })
      assert.deepEqual(Object.keys(properties), Object.keys(map), section)
      assert.deepEqual(
        required,
        Object.keys(map).filter((key) => map[key].required === true),
        section,
      )
    }
  })

  it('give each line of a recipe that the form writes its field', () => {
    const text = textOf({
      prune: { method: 'wanda', pattern: 'unstructured', sparsity: 0.5 },
      recover: recoveries(['reconstruct', 'retrain']),
      calibration: { ...chosen.calibration, data: ['train.jsonl'] },
      evaluate: { data: ['evaluation.txt'], seq_len: 1024 },
      compare: { path: 'prune.0.sparsity', values: [0.4, 0.5] },
    })
    const document = readDocument(text)
    const of = (part: string, after = '') => fieldAt(pathAt(document, text.indexOf(part, text.indexOf(after))) ?? [])
    assert.equal(of('method: wanda'), 'prune.method')
    assert.equal(of('sparsity: 0.5'), 'prune.sparsity')
    assert.equal(of('train.jsonl'), 'calibration.data')
    assert.equal(of('samples: 128'), 'calibration.samples')
    assert.equal(of('mode: reconstruct'), 'recover.mode')
    assert.equal(of('train: [bias'), 'recover.train')
    assert.equal(of('steps: 10'), 'recover.steps')
    assert.equal(of('evaluation.txt'), 'evaluate.data')
    assert.equal(of('seq_len: 1024'), 'evaluate.data')
    assert.equal(of('to: "./out'), 'save.to')
    assert.equal(of('prune.0.sparsity'), 'sweep')
    assert.equal(of('model:'), 'recipe')
    assert.equal(of('data:', 'recover:'), 'calibration.data')
  })

  it('give a form field of the kind that the type asks for, with its label and what the row says of it', () => {
    const more = {
      ...rows,
      pace: row({ type: z.number(), about: 'A `pace`.', default: 2, field: { label: 'Pace', unit: 'steps' } }),
      loud: row({ type: z.boolean(), about: 'A noise.', default: false, field: { label: 'Loud' } }),
      shade: row({ type: z.enum(['light', 'dark']), about: 'A shade.', default: 'dark', field: { label: 'Shade' } }),
      title: row({ type: z.string(), about: 'A title.', field: { label: 'Title' } }),
      lead: row({ type: z.string(), about: 'A lead.', field: 'box.title' }),
    }
    const own = formFields({ box: more }).filter(({ path }) => path.startsWith('box.'))
    assert.deepEqual(own, [
      { path: 'box.pace', label: 'Pace', unit: 'steps', hint: 'A pace.', kind: 'number', words: [] },
      { path: 'box.loud', label: 'Loud', hint: 'A noise.', kind: 'switch', words: [] },
      { path: 'box.shade', label: 'Shade', hint: 'A shade.', kind: 'choice', words: ['light', 'dark'] },
      { path: 'box.title', label: 'Title', hint: 'A title.', kind: 'words', words: [] },
    ])
  })

  it('give each setting that another field represents a field of the form', () => {
    const paths = new Set(formFields().map(({ path }) => path))
    const others = Object.values({ ...sections, recipe: recipeRows as Rows })
      .flatMap((map) => Object.values(map))
      .flatMap(({ field }) => (typeof field === 'string' ? [field] : []))
    assert.ok(others.length > 5)
    assert.deepEqual(
      others.filter((path) => !paths.has(path)),
      [],
    )
  })

  it('are, with the code that uses it, all that knows a plain setting: three files of the product at most', () => {
    const product = ['src', 'webview-ui'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .map((file) => [join(folder, file), readFileSync(join(root, folder, file), 'utf8')]),
    )
    // Names that mean nothing else there.
    for (const key of ['clip_norm', 'weight_decay']) {
      const files = product.filter(([, text]) => new RegExp(`\\b${key}\\b`).test(text)).map(([file]) => file)
      assert.ok(files.includes('src/recipe/settings/recover.ts') && files.length <= 3, `${key}: ${files.join(', ')}`)
    }
  })

  it('give the JSON Schema the sizes that the check of a recipe takes', () => {
    const pattern = new RegExp(String(schemaAt(['save', 'max_shard'])?.pattern))
    for (const size of ['5GB', '5G', '500 MiB', '500Mi', '1.5g', '4096', '4096B', '5iB', '5XB', 'GB']) {
      const recipe = { version: 1, model: 'm', save: { to: 'out', max_shard: size } }
      assert.equal(pattern.test(size), recipeSchema.safeParse(recipe).success, size)
    }
  })

  it('give a finding the path of its setting, also where it is about the text', () => {
    const found = (text: string) => lint(`version: 1\nmodel: m\n${text}`).findings.map(({ name, path }) => [name, path])
    assert.deepEqual(found('recover: {mode: refit, shuffle: true}\n').at(-1), [
      'key-without-effect',
      ['recover', 'shuffle'],
    ])
    assert.ok(
      found('prune:\n  - {sparsity: 0.5, sparsity: 0.6}\n').some(
        ([name, path]) => name === 'duplicate-key' && JSON.stringify(path) === '["prune",0,"sparsity"]',
      ),
    )
  })
})
