import assert from 'node:assert/strict'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { completionPlace, isInComment } from '../../../src/server/features/completion.ts'

/** `|` marks the cursor. */
function at(marked: string) {
  const offset = marked.indexOf('|')
  const document = TextDocument.create('file:///a', 'prune-recipe', 1, marked.replace('|', ''))
  const place = completionPlace(document, document.positionAt(offset))
  return place && { path: place.path.join('.'), text: place.text, replaced: document.getText(place.range) }
}

describe('place of a completion', () => {
  const cases: [string, string, string][] = [
    ['model: |', 'model', ''],
    ['model: ../o|pt', 'model', '../opt'],
    ['model: "../o|pt"', 'model', '"../opt"'],
    ['model: "../o|pt\nprune: []', 'model', '"../opt'],
    ['prune:\n  - method: wanda\n    targets: [|]', 'prune.0.targets.0', ''],
    ['prune:\n  - method: wanda\n    targets: [Linear, |]', 'prune.0.targets.1', ''],
    ['prune:\n  - method: wanda\n    targets: [Linear, "re:.*f|c1"]', 'prune.0.targets.1', '"re:.*fc1"'],
    ['prune:\n  - targets:\n      - Linear\n      - |', 'prune.0.targets.1', ''],
    ['prune:\n  - method: wanda\n  - targets:\n      - re:|', 'prune.1.targets.0', 're:'],
    ['prune:\n- targets: [|]', 'prune.0.targets.0', ''],
    ['prune:\n- a: 1\n- targets:\n  - |', 'prune.1.targets.0', ''],
    ['prune: [{method: wanda, targets: [|]}]', 'prune.0.targets.0', ''],
    ['prune: [{method: wanda}, {ignore: [x, |]}]', 'prune.1.ignore.1', ''],
    ['calibration: {data: |, samples: 3}', 'calibration.data', ''],
    ['calibration:\n  # why\n\n  data: da|ta/a.jsonl', 'calibration.data', 'data/a.jsonl'],
    ['evaluate:\n  - {task: perplexity, data: x|}', 'evaluate.0.data', 'x'],
    ['recover:\n  lora:\n    init: |', 'recover.lora.init', ''],
  ]
  for (const [marked, path, replaced] of cases) {
    it(`${JSON.stringify(marked)} is ${path}`, () => {
      const found = at(marked)
      assert.equal(found?.path, path)
      assert.equal(found?.replaced, replaced)
    })
  }

  it('is at no setting in keys, comments and outside of values', () => {
    for (const marked of ['mod|', '|', '# model: |', 'model: x # data: |', 'prune:\n  - met|']) {
      const found = at(marked)
      assert.ok(found === null || ['', 'prune.0'].includes(found.path), `${marked}: ${JSON.stringify(found)}`)
    }
  })
})

/** The place is marked by `¦`. */
const inside = (marked: string) => isInComment(marked.replace('¦', ''), marked.indexOf('¦'))

describe('a comment of a recipe', () => {
  it('goes from its # to the end of the line', () => {
    for (const text of [
      '#¦',
      '# a¦b\nc: 1',
      'a: 1 # ¦',
      'a: 1 #¦ b\n',
      'a: {x: 1} # y¦',
      'a: [1, # ¦\n 2]',
      'a: "#" # ¦\r\nb: 1',
    ])
      assert.ok(inside(text), text)
    for (const text of ['¦# a', 'a: 1 ¦# b', '# a\n¦', '# a\n b¦: 1', 'a: 1¦', '¦', '']) assert.ok(!inside(text), text)
  })

  it('is not found in a text, whatever the text looks like', () => {
    for (const text of ['a: "# ¦"', "a: '# ¦'", 'a: x#¦', 'a: |\n  # ¦b\n', 'a: >\n  b\n  # ¦', 'a: "b\n  # ¦c"'])
      assert.ok(!inside(text), text)
  })
})
