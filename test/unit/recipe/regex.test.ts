import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createMatcher, selectModules, PatternError, prefixMatcher } from '../../../src/recipe/match.ts'

const ours = (source: string, text: string) => prefixMatcher(source)(text)
/** Anchored at the left, as Python's re.match. Only for sources that cannot backtrack far. */
const theirs = (source: string, text: string) => new RegExp(`^(?:${source})`, 'u').test(text)

/** Sources of the syntax that both have, small enough for a backtracking matcher. */
const source = fc.letrec<{ node: string }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('a', 'b', '\\.', '.', '\\d', '\\w', '[ab]', '[^a]', '[a-c1]', '^', '$', '\\b', '1', '[^\\d]'),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,2}', '{0,1}', '*?'))
      .map(([a, q]) => `(?:${a})${q}`),
  ),
})).node

describe('regular expressions of targets', () => {
  it('match what JavaScript matches', () => {
    fc.assert(
      fc.property(
        source,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '1', '_'), maxLength: 8 }),
        (s, text) => {
          assert.equal(ours(s, text), theirs(s, text), `${s} on ${text}`)
        },
      ),
      { numRuns: 3000, seed: 7 },
    )
  })

  it('take time in proportion to the text where a backtracking matcher takes for ever', () => {
    const text = 'a'.repeat(200)
    for (const s of ['(a*)*[bc]', '(a|a)*[bc]', '(a+)+$[bc]', '(.*)*(.*)*(.*)*[bc]', '(a?){100}[bc]', '(a?){500}[bc]'])
      assert.equal(ours(s, text), false, s)
  })

  it('match nothing with look-ahead, and say why', () => {
    const matcher = createMatcher('re:(?!.*lm_head).*')
    assert.equal(matcher.matches({ name: 'fc1', className: 'Linear' }), false)
    assert.match(matcher.error ?? '', /uses look-ahead or look-behind, which is not supported/)
  })

  it('are refused with a reason where they are invalid, look around, or are too large', () => {
    const wrong: [string, RegExp][] = [
      ['(a', /missing closing \)/],
      ['a)', /unexpected \)/],
      ['a)(b', /unexpected \)/],
      ['[a', /missing closing \]/],
      ['*a', /missing argument to repetition/],
      ['a**', /invalid nested repetition/],
      ['a{3,1}', /invalid repeat count/],
      ['a{,3}', /write \{0,n\}/],
      ['[b-a]', /invalid character class range/],
      ['a\\Z', /invalid escape sequence/],
      ['(?=a)b', /look-ahead/],
      ['(?<=a)b', /look-behind/],
      ['(?<!a)b', /look-behind/],
      ['(a)\\1', /invalid escape sequence/],
      ['((a{50}){50}){50}', /too large/],
      ['a{1000}'.repeat(70), /too large/],
      [`(${'a*'.repeat(200)}){100}`, /too large/],
      ['a'.repeat(501), /longer/],
      ['a\\', /trailing backslash/],
    ]
    for (const [s, message] of wrong) {
      assert.throws(
        () => prefixMatcher(s),
        (e) => e instanceof PatternError && message.test(e.message),
        s,
      )
    }
  })

  it('compile any text, or refuse it by a PatternError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (s) => {
        try {
          ours(s, 'model.layers.0.fc1')
        } catch (error) {
          assert.ok(error instanceof PatternError, String(error))
        }
      }),
      { numRuns: 2000, seed: 7 },
    )
  })
})

describe('targets', () => {
  const modules = ['model.layers.1.fc1', 'model.layers.10.fc1', 'model.layers.1.fc2'].map((name) => ({
    name,
    className: 'Linear',
  }))
  const head = { name: 'lm_head', className: null }
  const names = (targets: string[], ignore: string[] = []) =>
    selectModules([...modules, head], targets, ignore).map((m) => m.name)

  it('match the modules of a class, and never the head', () => {
    assert.deepEqual(
      names(['Linear']),
      modules.map((m) => m.name),
    )
  })

  it('match a name exactly', () => {
    assert.deepEqual(names(['model.layers.1.fc1']), ['model.layers.1.fc1'])
    assert.deepEqual(names(['fc1']), [])
  })

  it('anchor a regular expression at the left only', () => {
    assert.deepEqual(names(['re:fc1']), [])
    assert.deepEqual(
      names(['re:.*layers.1']),
      modules.map((m) => m.name),
    )
    assert.deepEqual(names(['re:.*layers\\.1\\.']), ['model.layers.1.fc1', 'model.layers.1.fc2'])
  })

  it('yield to ignore, and keep the order of the model', () => {
    assert.deepEqual(names(['re:.*fc2', 're:.*fc1', 'lm_head'], ['re:.*10']), [
      'model.layers.1.fc1',
      'model.layers.1.fc2',
      'lm_head',
    ])
  })

  it('is compiled once for all key strokes', () => {
    assert.equal(prefixMatcher('layers.[0-9]+'), prefixMatcher('layers.[0-9]+'))
    for (let i = 0; i < 300; i++) assert.ok(prefixMatcher(`l${i}`)(`l${i}`))
  })
})
