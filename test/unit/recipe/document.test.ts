import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readDocument } from '../../../src/recipe/document.ts'
import { appendItem, insertKey, numberText, remove, scalarText } from '../../../src/recipe/edits.ts'
import { applyEdits } from '../../support/applyEdits.ts'
import { lint, type LintOptions, parseRecipe } from '../../../src/lint/lint.ts'
import { nearest } from '../../../src/recipe/nearest.ts'
import { parseSetting, withSetting } from '../../../src/recipe/overrides.ts'
import { resolveRecipe, sparsityOfBlock } from '../../../src/recipe/resolve.ts'
import { recipeSchema } from '../../../src/recipe/schema.ts'
import { factsOf, modelOf } from '../../support/recipeFacts.ts'

const minimal = 'version: 1\nmodel: m\nprune: [{sparsity: 0.3}]\nsave: {to: out}\n'

describe('recipe text', () => {
  it('counts how deep lists nest by their own brackets, whatever is in quotes and comments', () => {
    const messagesOf = (text: string) => readDocument(text).problems.map(({ message }) => message)
    for (const level of ["[']',", '[ #]\n', '{"}": ']) {
      const [message, ...more] = messagesOf(`a: ${level.repeat(60)}`)
      assert.match(message, /nests deeper than 50/, level)
      assert.deepEqual(more, [])
    }
    for (const flat of [
      "a: ['[" + "', '[".repeat(60) + "']\n",
      `a: 1 # ${'['.repeat(60)}\n`,
      `a: |\n${'  [\n'.repeat(60)}`,
    ])
      assert.deepEqual(messagesOf(flat), [], flat)
  })

  it('never makes lint throw', () => {
    const pieces = [
      'version: 1',
      'prune:',
      '- ',
      '{',
      '}',
      '[',
      ']',
      ': ',
      '\n',
      '\t',
      '"',
      '&a ',
      '*a',
      '|',
      '>',
      '#',
      '!!',
      '? ',
      '0x',
      '.nan',
      '__proto__: 1',
    ]
    const text = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ unit: 'binary', maxLength: 5 })), {
      maxLength: 30,
    })
    fc.assert(
      fc.property(text, (parts) => {
        const { findings, document } = lint(parts.join(''))
        for (const { range } of findings) assert.ok(document.offset(range.start) <= document.offset(range.end))
      }),
      { numRuns: 1500, seed: 7 },
    )
  })

  it('is refused in one finding if it is hostile', () => {
    const bomb = `a: &a [x,x]\n${'bcdefgh'.replace(/./g, (c) => `${c}: &${c} [${`*${String.fromCharCode(c.charCodeAt(0) - 1)},`.repeat(9)}x]\n`)}`
    for (const text of ['- '.repeat(20_000), '['.repeat(100_000), '? '.repeat(5000), bomb, 'x'.repeat(1_000_001)]) {
      const { findings } = lint(text)
      assert.deepEqual(
        findings.map((f) => f.rule),
        ['Y6'],
        text.slice(0, 20),
      )
    }
  })

  it('reports prototype keys as unknown keys, which reach no prototype', () => {
    const { recipe, findings } = parseRecipe(`${minimal}__proto__: {seed: 3}\nconstructor: 1\n`)
    assert.equal(recipe, null)
    assert.deepEqual(findings.filter((f) => f.rule === 'S1').length, 2)
    assert.equal(({} as { seed?: number }).seed, undefined)
  })

  it('reports every mistake beside another', () => {
    const { findings } = parseRecipe(
      'version: 1\nmodel: m\nprune: [{method: wanda, sparsity: 50, targts: [Linear]}]\nrecover: {mode: retrian, lr: 0}\nsave: {to: out}\n',
    )
    assert.deepEqual([...new Set(findings.filter((f) => f.severity === 'error').map((f) => f.rule))].sort(), [
      'L2',
      'M1',
      'N6',
      'S1',
      'S7',
    ])
  })

  it('may be JSON', () => {
    const { recipe } = parseRecipe(
      JSON.stringify({ version: 1, model: 'm', prune: [{ sparsity: 0.3 }], save: { to: 'out' } }),
    )
    assert.equal(recipe?.prune?.[0].sparsity, 0.3)
  })

  it('has positions by lines and UTF-16 columns', () => {
    const document = readDocument('a: 1\r\n"ä😀": [x,\n  y]\n')
    assert.deepEqual(document.rangeOf(['ä😀', 1]), { start: { line: 2, character: 2 }, end: { line: 2, character: 3 } })
    assert.deepEqual(document.rangeOf(['ä😀', 0]).start, { line: 1, character: 8 })
    assert.equal(document.offset({ line: 2, character: 2 }), document.text.indexOf('y'))
  })
})

describe('edits of a recipe', () => {
  const change = (text: string, make: (d: ReturnType<typeof readDocument>) => ReturnType<typeof remove>) => {
    const document = readDocument(text)
    return applyEdits(document, make(document))
  }

  it('remove a key in blocks and in flow, and an empty parent with it', () => {
    assert.equal(
      change('a: 1 # why\nb: 2\n', (d) => remove(d, ['a'])),
      'b: 2\n',
    )
    assert.equal(
      change('a: {x: 1, y: 2}\n', (d) => remove(d, ['a', 'x'])),
      'a: {y: 2}\n',
    )
    assert.equal(
      change('a: {x: 1, y: 2}\n', (d) => remove(d, ['a', 'y'])),
      'a: {x: 1}\n',
    )
    assert.equal(
      change('a:\n  - x: 1\n    y: 2\n', (d) => remove(d, ['a', 0, 'x'])),
      'a:\n  - y: 2\n',
    )
    assert.equal(
      change('a:\n  x: 1\nb: 2\n', (d) => remove(d, ['a', 'x'])),
      'b: 2\n',
    )
    assert.equal(
      change('a:\n  - 1\n  - 2\nb: 3\n', (d) => remove(d, ['a', 1])),
      'a:\n  - 1\nb: 3\n',
    )
  })

  it('add a key or an item in the style that is there', () => {
    assert.equal(
      change('a:\n  x: 1\nb: 2', (d) => insertKey(d, ['a'], 'y', '2')),
      'a:\n  x: 1\n  y: 2\nb: 2',
    )
    assert.equal(
      change('a: {x: 1}\n', (d) => insertKey(d, ['a'], 'y', '2')),
      'a: {y: 2, x: 1}\n',
    )
    assert.equal(
      change('a: 1', (d) => insertKey(d, ['b'], 'y', '2')),
      'a: 1\nb: {y: 2}\n',
    )
    assert.equal(
      change('a: [x]\n', (d) => appendItem(d, ['a'], 'y')),
      'a: [x, y]\n',
    )
    assert.equal(
      change('a:\n  - x\n', (d) => appendItem(d, ['a'], 'y')),
      'a:\n  - x\n  - y\n',
    )
  })

  it('write numbers and words that every YAML reads alike', () => {
    assert.equal(numberText(5e-7), '5.0e-7')
    assert.equal(numberText(1.5e21), '1.5e+21')
    assert.equal(numberText(0.5), '0.5')
    assert.equal(scalarText('yes'), '"yes"')
    assert.equal(scalarText('2:4'), '"2:4"')
    assert.equal(scalarText('data/a.txt'), 'data/a.txt')
  })

  it('suggest the nearest word, and no distant word', () => {
    assert.equal(nearest('sparsty', ['sparsity', 'scope']), 'sparsity')
    assert.equal(nearest('trian', ['train', 'rank']), 'train')
    assert.equal(nearest('banana', ['sparsity', 'scope']), null)
  })
})

describe('settings by path', () => {
  it('replace one value, and leave the rest and the original alone', () => {
    const recipe = { prune: [{ sparsity: 0.5 }], seed: 0 }
    assert.deepEqual(withSetting(recipe, 'prune.0.sparsity', 0.6), { prune: [{ sparsity: 0.6 }], seed: 0 })
    assert.deepEqual(withSetting(recipe, 'recover.lora.rank', 4), { ...recipe, recover: { lora: { rank: 4 } } })
    assert.deepEqual(recipe, { prune: [{ sparsity: 0.5 }], seed: 0 })
  })

  it('have no effect through lists without that item, or on a prototype', () => {
    assert.equal(withSetting({ prune: [] }, 'prune.3.sparsity', 1), null)
    assert.equal(withSetting({}, '__proto__.x', 1), null)
  })

  it('are read as YAML', () => {
    assert.deepEqual(parseSetting('recover.train=[bias, norm]'), { path: 'recover.train', value: ['bias', 'norm'] })
    assert.deepEqual(parseSetting('a=2:4'), { path: 'a', value: '2:4' })
    assert.equal(parseSetting('nothing'), null)
    assert.equal(parseSetting('a=[1'), null)
  })
})

describe('defaults', () => {
  it('make a recipe that is valid and means the same', () => {
    const { recipe } = parseRecipe(minimal)
    assert.ok(recipe)
    const resolved = resolveRecipe(recipe)
    assert.ok(recipeSchema.safeParse(resolved).success)
    assert.deepEqual(resolveRecipe(recipeSchema.parse(resolved)), resolved)
  })

  it('are those of the contract', () => {
    const recipe = recipeSchema.parse({
      version: 1,
      model: 'm',
      prune: [{ method: 'wanda' }, { pattern: '1:4' }],
      recover: { mode: 'retrain', data: 'd' },
    })
    const { prune, recover } = resolveRecipe(recipe, { maxPositions: 1024 })
    assert.deepEqual(
      [prune[0].scope, prune[0].sparsity, prune[1].scope, prune[1].sparsity],
      ['row', 0.5, 'tensor', 0.25],
    )
    assert.deepEqual(
      { ...recover[0], lora: undefined },
      {
        mode: 'retrain',
        window: 'block',
        inputs: 'pruned',
        targets: 'block',
        train: ['bias', 'norm', 'mask_lora'],
        lora: undefined,
        steps: 1000,
        lr: 5e-4,
        weight_decay: 0,
        clip_norm: 1,
        batch_size: 1,
        grad_accumulation: 1,
        shuffle: false,
        data: 'd',
        samples: 128,
        seq_len: 1024,
      },
    )
  })

  it('come from the file of ids where nothing is written', () => {
    const shapes = new Map([
      ['rows.safetensors', [64, 16]],
      ['stream.safetensors', [100]],
      ['short.safetensors', [3]],
    ])
    const resolved = (data: string, more: object = {}) => {
      const recipe = recipeSchema.parse({
        version: 1,
        model: 'm',
        calibration: { data, ...more },
        recover: { mode: 'retrain', data, ...more },
        evaluate: [{ data, ...('seq_len' in more && { seq_len: more.seq_len }) }],
      })
      const { calibration, recover, evaluate } = resolveRecipe(recipe, {
        maxPositions: 32,
        idShape: (path) => shapes.get(path) ?? null,
      })
      assert.deepEqual([recover[0].samples, recover[0].seq_len], [calibration?.samples, calibration?.seq_len])
      assert.equal(evaluate[0].seq_len, calibration?.seq_len)
      return [calibration?.samples, calibration?.seq_len]
    }
    assert.deepEqual(resolved('rows.safetensors'), [64, 16])
    assert.deepEqual(resolved('rows.safetensors', { samples: 8 }), [8, 16])
    assert.deepEqual(resolved('rows.safetensors', { seq_len: 4 }), [64, 4])
    assert.deepEqual(resolved('stream.safetensors'), [3, 32])
    assert.deepEqual(resolved('stream.safetensors', { seq_len: 10 }), [10, 10])
    assert.deepEqual(resolved('short.safetensors'), [1, 32])
    assert.deepEqual(resolved('text.txt'), [128, 32])
  })

  it('spread a list of sparsities evenly over the depth', () => {
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((b) => sparsityOfBlock([0.2, 0.6, 0.4], b, 5)).map((s) => s.toFixed(2)),
      ['0.20', '0.40', '0.60', '0.50', '0.40'],
    )
    assert.equal(sparsityOfBlock([0.2, 0.6], 0, 1), 0.2)
  })
})

describe('disabling comments', () => {
  const text = (comment: string) =>
    `${comment}\n${minimal}recover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}\nseed: 0\n`
  const rulesOf = (comment: string) => lint(text(comment)).findings.map((f) => f.rule)

  it('silence a rule in the file, or in the next line, when they give a reason', () => {
    assert.deepEqual(rulesOf('# nothing'), ['L1'])
    for (const name of ['lr-off-grid', 'L1', 'l1', 'few-samples, lr-off-grid'])
      assert.deepEqual(rulesOf(`# sparsescope-disable ${name}: a small model`), [], name)
    assert.deepEqual(rulesOf('# sparsescope-disable-next-line L1: not here'), ['L1'])
    const here = text('').replace('recover:', '# sparsescope-disable-next-line L1: a small model\nrecover:')
    assert.deepEqual(lint(here).findings, [])
  })

  it('are findings themselves without a reason or with an unknown rule', () => {
    assert.deepEqual(rulesOf('# sparsescope-disable L1'), ['Y7', 'L1'])
    assert.deepEqual(rulesOf('# sparsescope-disable Q9: why'), ['Y7', 'L1'])
    assert.deepEqual(rulesOf('# sparsescope-disable'), ['Y7', 'L1'])
  })

  it('never make an invalid recipe valid', () => {
    assert.equal(parseRecipe('# sparsescope-disable S1: I insist\nversion: 1\nmodel: m\nbogus: 1\n').recipe, null)
  })
})

describe('severities', () => {
  it('are set by name or by the old id', () => {
    const text = `${minimal}recover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}\nseed: 0\n`
    for (const word of ['lr-off-grid', 'L1']) {
      const found = (severity: 'off' | 'error') => lint(text, { severities: { [word]: severity } }).findings
      assert.deepEqual(found('off'), [])
      const [{ rule, name, severity }] = found('error')
      assert.deepEqual([rule, name, severity], ['L1', 'lr-off-grid', 'error'])
    }
  })
})

describe('a recipe with a hundred thousand mistakes', () => {
  // Comparing every key with every other takes minutes.
  const many = (line: (i: number) => string) =>
    lint(`version: 1\nmodel: m\n${Array.from({ length: 60_000 }, (_, i) => line(i)).join('\n')}\n`).findings

  it('is read to its end, and shows a readable number of findings for each rule', () => {
    for (const [rule, findings] of [
      ['S1', many((i) => `k${i}: 1`)],
      ['Y1', many((i) => `k${i % 2}: 1`)],
    ] as const) {
      const unknown = findings.filter((f) => f.rule === rule)
      assert.equal(unknown.length, 201)
      assert.ok(unknown.some((f) => /^And more of the same kind/.test(f.message)))
    }
  }).timeout(120_000)
})

describe('severities', () => {
  it('can be changed or switched off for every rule', () => {
    const text = `${minimal}recover: {train: [norm], lr: 2.0e-3}\ncalibration: {data: a.jsonl, seq_len: 64}\nseed: 0\n# sparsescope-disable\n`
    const found = (severities: LintOptions['severities']) =>
      lint(text, { severities }).findings.map((f) => [f.rule, f.severity])
    assert.deepEqual(found({}), [
      ['L1', 'hint'],
      ['Y7', 'warning'],
    ])
    assert.deepEqual(found({ L1: 'error', Y7: 'off' }), [['L1', 'error']])
  })
})

describe('a model of an unknown family', () => {
  it('is reported itself, without findings that targets match nothing', () => {
    const model = modelOf({ model_type: 'bert' }, { tensors: new Map([['a.weight', { dtype: 'F32', shape: [2, 2] }]]) })
    assert.deepEqual(
      lint(minimal, { facts: factsOf(model) }).findings.map((f) => f.rule),
      ['C2'],
    )
  })
})
