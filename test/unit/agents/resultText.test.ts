import assert from 'node:assert/strict'
import { clean, mostBytes, partOf } from '../../../src/agents/resultText.ts'
import { Roots } from '../../../src/agents/roots.ts'
import { scratch } from '../../support/scratch.ts'

describe('the text of a result', () => {
  it('is whole where it fits', () => {
    assert.equal(partOf('a\nb', 1, true), 'a\nb')
  })

  it('is cut at a line, and its parts give the whole text', () => {
    const lines = Array.from({ length: 1000 }, (_, i) => `line ${i} é`)
    const found: string[] = []
    for (let from = 1; from <= lines.length;) {
      const part = partOf(lines.join('\n'), from, true)
      assert.ok(Buffer.byteLength(part) <= mostBytes)
      const [footer, ...own] = part.split('\n').reverse()
      found.push(...own.reverse())
      from = Number(/from_line: (\d+) has the rest/.exec(footer)?.[1] ?? Infinity)
    }
    assert.deepEqual(found, lines)
  })

  it('cuts a line that is longer than a result, between characters', () => {
    const part = partOf('é'.repeat(mostBytes), 1, true)
    assert.ok(Buffer.byteLength(part) <= mostBytes)
    assert.doesNotMatch(part, /\ufffd/)
  })

  it('offers no further part where a tool cannot continue', () => {
    assert.match(partOf('long line\n'.repeat(1000), 1, false), /the rest is left out\)$/)
    assert.equal(partOf('a', 5, true), 'It has 1 line, and no line 5.')
  })

  it('shows paths relative to the root, and only the last name of other paths', async () => {
    const place = scratch()
    place.write('in/a', '')
    const roots = await Roots.open([place.path('in')])
    const [root] = roots.folders
    const said = (text: string) => clean(text, roots)
    assert.equal(said(`saved to ${root}/out/x, from ${root}`), 'saved to out/x, from .')
    assert.equal(
      said('"/home/me/secret/model" and C:\\Users\\me\\model, (/etc/passwd)'),
      '"…/model" and …/model, (…/passwd)',
    )
    assert.equal(
      said('3 / 4, bf16/f32, ./a/b, https://a.b/c/d, 50 %/s'),
      '3 / 4, bf16/f32, ./a/b, https://a.b/c/d, 50 %/s',
    )
    assert.equal(said(`file:${root}x/y`), `file:${'…/y'}`)
  })

  it('contains no access token and no control character', async () => {
    const roots = await Roots.open([scratch().folder])
    const token = `hf_${'aB3'.repeat(12)}`
    assert.equal(clean(`token ${token}\u001b[2J`, roots), 'token <token>\\u001b[2J')
    process.env.HF_TOKEN = 'an odd token'
    try {
      assert.equal(clean('with an odd token.', roots), 'with <token>.')
    } finally {
      delete process.env.HF_TOKEN
    }
  })
})
