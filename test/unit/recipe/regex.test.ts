import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createMatcher, selectModules } from '../../../src/recipe/match.ts'
import { createPrefixMatcher } from '../../../src/recipe/regex/match.ts'
import { compilePattern, PatternError } from '../../../src/recipe/regex/parse.ts'

const ours = (source: string, text: string) => createPrefixMatcher(compilePattern(source))(text)
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
    fc.tuple(fc.constantFrom('=', '!'), tie('node')).map(([kind, a]) => `(?${kind}${a})`),
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

  it('take time proportional to the text where a backtracking matcher takes for ever', () => {
    const text = 'a'.repeat(200)
    for (const s of ['(a*)*[bc]', '(a|a)*[bc]', '(a+)+$[bc]', '(.*)*(.*)*(.*)*[bc]', '(a?){100}[bc]'])
      assert.equal(ours(s, text), false, s)
  })

  it('a look-ahead in a loop ends with an error, not with a wait', () => {
    const matcher = createMatcher('re:(?:(?=(?:a*)*b|a)a(?=.*.*.*x|a))*(?!a*)')
    assert.equal(matcher.matches({ name: 'a'.repeat(4000), className: null }), false)
    assert.match(matcher.error ?? '', /takes too long/)
  })

  it('refuse what is invalid, only Python, or too large, and say why', () => {
    const wrong: [string, RegExp][] = [
      ['(a', /unclosed \(/],
      ['a)', /unmatched \)/],
      ['[a', /unclosed \[/],
      ['*a', /nothing to repeat/],
      ['a**', /repeats a repetition/],
      ['a{3,1}', /bounds swapped/],
      ['[b-a]', /ends swapped/],
      ['(?P<n>a)', /only Python/],
      ['\\Aa\\Z', /only Python/],
      ['(?i)a', /inline flags/],
      ['(?<=a)b', /look-behind/],
      ['(a)\\1', /back-reference/],
      ['((a{50}){50}){50}', /too large/],
      ['('.repeat(60), /nests/],
      ['a'.repeat(501), /longer/],
      ['a\\', /ends too early/],
    ]
    for (const [s, message] of wrong) {
      assert.throws(
        () => compilePattern(s),
        (e) => e instanceof PatternError && message.test(e.message),
        s,
      )
    }
  })

  it('any text compiles, or is refused by a PatternError', () => {
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

  it('a class matches its modules, and never the head', () => {
    assert.deepEqual(
      names(['Linear']),
      modules.map((m) => m.name),
    )
  })

  it('a name matches exactly', () => {
    assert.deepEqual(names(['model.layers.1.fc1']), ['model.layers.1.fc1'])
    assert.deepEqual(names(['fc1']), [])
  })

  it('a regular expression is anchored at the left only', () => {
    assert.deepEqual(names(['re:fc1']), [])
    assert.deepEqual(
      names(['re:.*layers.1']),
      modules.map((m) => m.name),
    )
    assert.deepEqual(names(['re:.*layers\\.1\\.']), ['model.layers.1.fc1', 'model.layers.1.fc2'])
  })

  it('ignore wins over targets, and the order is that of the model', () => {
    assert.deepEqual(names(['re:.*fc2', 're:.*fc1', 'lm_head'], ['re:.*10']), [
      'model.layers.1.fc1',
      'model.layers.1.fc2',
      'lm_head',
    ])
  })
})
