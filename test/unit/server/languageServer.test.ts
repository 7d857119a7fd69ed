// The built server over the real protocol: what an editor sees.
import assert from 'node:assert/strict'
import { mkdir, cp, writeFile, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentLink,
  Hover,
  InlayHint,
  TextEdit,
} from 'vscode-languageserver/node'
import { pathToFileURL } from 'node:url'
import { goodRecipe as good, labels, startServer, wholeText as whole } from '../../support/languageServer.ts'
import { scratch } from '../../support/scratch.ts'
import { goldenPath } from '../../support/shared.ts'

describe('the language server', () => {
  let folder = ''
  let server: Awaited<ReturnType<typeof startServer>>
  let count = 0
  const open = (text: string, language?: string) => server.open(join(folder, `r${count++}.prune.yaml`), text, language)

  before(async function () {
    const opt = goldenPath('opt')
    folder = scratch().folder
    await cp(opt, join(folder, 'opt'), { recursive: true })
    await cp(join(opt, 'prune', 'calib.safetensors'), join(folder, 'calib.safetensors'))
    await writeFile(join(folder, 'text.jsonl'), '{"text": "a b c", "title": "t"}\n')
    server = await startServer()
  })
  after(async () => {
    await server?.stop()
  })

  it('finds only few samples in a good recipe', async () => {
    const recipe = await open(good)
    const found = await recipe.diagnostics()
    assert.deepEqual(
      found.map(({ code }) => code),
      ['few-samples'],
    )
  })

  it('reports a wrong target at its place, and the quick fix removes the finding', async () => {
    const recipe = await open(good.replace('[Linear]', '["re:fc1"]'))
    const found = (await recipe.diagnostics()).filter((d) => d.code === 'regex-needs-prefix')
    assert.equal(found.length, 1)
    assert.deepEqual(found[0].range.start, { line: 5, character: 14 })
    assert.match(found[0].codeDescription?.href ?? '', /docs\/rules\.md#L\d+$/)
    const fix = (await recipe.actions(found[0])).find((a) => a.title === 'Write re:.*fc1')
    await recipe.setText(recipe.edited(fix?.edit))
    assert.deepEqual(
      (await recipe.diagnostics()).filter((d) => d.code?.toString().startsWith('T')),
      [],
    )
  })

  it('applies all safe fixes at once, and leaves alone what is a suggestion', async () => {
    const recipe = await open(
      good
        .replace('[Linear]', '[__ALL__]\n    pattern: 3:4')
        .replace('steps: 10', 'steps: 10\n  lr: 3.0e-4\n  nonsense: 1'),
    )
    const names = (await recipe.diagnostics()).map(({ code }) => code)
    for (const name of ['pattern-counts-zeros', 'lr-off-grid', 'unknown-key'])
      assert.ok(names.includes(name), names.join())
    const actions = await recipe.request<CodeAction[]>('textDocument/codeAction', {
      range: { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } },
      context: { diagnostics: [], only: ['source.fixAll'] },
    })
    assert.equal(actions.length, 1)
    const text = recipe.edited(actions[0].edit)
    assert.match(text, /targets: \[Linear\]\n {4}pattern: "3:4"/)
    assert.match(text, /steps: 10\n {2}lr: 3\.0e-4\n {2}nonsense: 1\n/)
  })

  it('offers to pull a model that is not in the cache of the Hub, and edits nothing', async () => {
    const recipe = await open(good.replace('model: opt', 'model: hf:nobody/nothing@v2'))
    const absent = (await recipe.diagnostics()).find(({ code }) => code === 'model-missing')
    assert.match(String(absent?.message), /sparsescope pull nobody\/nothing@v2/)
    assert.ok(absent)
    const pull = (await recipe.actions(absent)).find(({ title }) => title === 'Pull nobody/nothing@v2 from the Hub…')
    assert.deepEqual(pull?.command?.arguments, ['hf:nobody/nothing@v2'])
    assert.equal(pull?.edit, undefined)
  })

  it('offers a comment that disables a rule', async () => {
    const recipe = await open(good)
    const [few] = await recipe.diagnostics()
    const disable = (await recipe.actions(few)).find((a) => a.title.startsWith('Disable few-samples'))
    await recipe.setText(recipe.edited(disable?.edit))
    assert.deepEqual(await recipe.diagnostics(), [])
  })

  it('offers no comment that would become part of a text over several lines', async () => {
    const recipe = await open(
      good.replace('{data: calib.safetensors, samples', '{data: "calib\n  .safetensors", samples'),
    )
    const few = (await recipe.diagnostics()).find(({ code }) => code === 'few-samples')
    assert.equal(few?.range.start.line, 7)
    assert.deepEqual(
      (await recipe.actions(few)).filter(({ title }) => title.startsWith('Disable')),
      [],
    )
  })

  it('offers no action for a sweep that is right', async () => {
    const recipe = await open(`${good}sweep: {prune.0.sparsity: [0.4, 0.5]}\n`)
    const at = { line: 4, character: 15 }
    const actions = await recipe.request<CodeAction[]>('textDocument/codeAction', {
      range: { start: at, end: at },
      context: { diagnostics: [] },
    })
    assert.deepEqual(
      actions.filter(({ title, kind }) => /sweep/i.test(title) && kind !== 'quickfix'),
      [],
    )
  })

  it('shows the hint of a list after its last line', async () => {
    const recipe = await open(good.replace('train: [bias, norm]', 'train:\n    - bias\n    - norm # both'))
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    const places = hints.map(({ position }) => `${position.line}:${position.character}`)
    assert.ok(places.includes('12:10'), places.join())
  })

  it('completes keys and words from the schema', async () => {
    const recipe = await open(good)
    const keys = labels(await recipe.at('textDocument/completion', good.replace('  steps: 10', '  st|')))
    assert.ok(keys.includes('steps'), keys.join())
    const modeline = `# yaml-language-server: $schema=./elsewhere.json\n${good}`
    const same = labels(await recipe.at('textDocument/completion', modeline.replace('  steps: 10', '  st|')))
    assert.ok(same.includes('steps'), same.join())
    const words = labels(await recipe.at('textDocument/completion', good.replace('mode: reconstruct', 'mode: |')))
    assert.deepEqual(words.sort(), ['merge', 'reconstruct', 'refit', 'retrain'])
  })

  it('offers whole recipes only in an empty file', async () => {
    const recipe = await open('')
    const has = async (marked: string) => {
      const found = labels(await recipe.at('textDocument/completion', marked))
      return found.includes('Wanda and reconstruction')
    }
    for (const empty of ['|', '# what\n|', 'wan|', '\n\nP|\n']) assert.ok(await has(empty), JSON.stringify(empty))
    for (const begun of [good.replace('seed: 0', 'seed: |'), good.replace('[Linear]', '[|]'), 'model: |', '# a|'])
      assert.ok(!(await has(begun)), begun)
  })

  it('links the model to its weights, which the inspector opens', async () => {
    const recipe = await open(good)
    const links = await recipe.request<DocumentLink[]>('textDocument/documentLink')
    assert.ok(links.some((l) => l.target === pathToFileURL(join(folder, 'opt', 'model.safetensors')).href))
  })

  it('completes module names with what they match, files and fields', async () => {
    const recipe = await open(good)
    const targets = labels(await recipe.at('textDocument/completion', good.replace('[Linear]', '[|]')))
    assert.ok(targets.includes('Linear') && targets.includes('model.decoder.layers.1.fc2'), targets.join())
    assert.ok(targets.includes('re:.*\\.fc1$'), targets.join())
    const block = labels(await recipe.at('textDocument/completion', good.replace('[Linear]', '\n      - |')))
    assert.ok(block.includes('re:.*\\.fc1$'), block.join())
    const files = labels(await recipe.at('textDocument/completion', good.replace('calib.safetensors', '|')))
    assert.ok(files.includes('text.jsonl') && files.includes('calib.safetensors'), files.join())
    const models = labels(await recipe.at('textDocument/completion', good.replace('model: opt', 'model: |')))
    assert.ok(models.includes('opt'), models.join())
    const list = await recipe.at<CompletionItem[]>('textDocument/completion', good.replace('[Linear]', '[|]'))
    for (const { label, detail } of list) {
      await recipe.setText(good.replace('[Linear]', `[${JSON.stringify(label)}]`))
      const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
      assert.equal(String(hints[0].label).split(' ')[0], detail?.split(' ')[0], label)
    }
    const fields = labels(
      await recipe.at('textDocument/completion', good.replace('calib.safetensors', 'text.jsonl, field: |')),
    )
    assert.deepEqual(fields, ['text', 'title'])
    const recovered = labels(await recipe.at('textDocument/completion', good.replace('  steps: 10', '  targets: |')))
    assert.ok(recovered.includes('block') && !recovered.includes('Linear'), recovered.join())
  })

  it('completes nothing in comments, and completes again after them', async () => {
    const recipe = await open(good)
    const at = async (marked: string) => labels(await recipe.at('textDocument/completion', marked))
    for (const inside of ['# see prune|', '# |', '  # st|'])
      assert.deepEqual(await at(good.replace('  steps: 10', inside)), [], inside)
    assert.deepEqual(await at(good.replace('seed: 0', 'seed: 0 # s|')), [])
    for (const outside of ["  # that's it\n  st|", '  lr: 1.0e-3 # x\n  st|'])
      assert.ok((await at(good.replace('  steps: 10', outside))).includes('steps'), outside)
  })

  it('completes absolute paths where they are', async () => {
    const recipe = await open(good)
    const at = async (typed: string) =>
      labels(await recipe.at('textDocument/completion', good.replace('data: calib.safetensors', `data: ${typed}|`)))
    assert.ok((await at(`${folder}/`)).includes(`${folder}/text.jsonl`))
    assert.ok(!(await at('/')).includes('/text.jsonl'))
  })

  it('completes in the quotes that were begun, and quotes what YAML would read as something else', async () => {
    await mkdir(join(folder, "o'pt #1 new"), { recursive: true })
    const recipe = await open(good)
    const textOf = async (typed: string, label: string) => {
      const list = await recipe.at<CompletionItem[]>(
        'textDocument/completion',
        good.replace('model: opt', `model: ${typed}`),
      )
      const item = list.find((one) => one.label === label)
      const edit = item?.textEdit as { newText: string } | undefined
      // What editors compare with what stands in the range, the quote included.
      return [item?.filterText, edit?.newText]
    }
    assert.deepEqual(await textOf('o|', 'opt'), ['opt', 'opt'])
    assert.deepEqual(await textOf('"o|"', 'opt'), ['"opt"', '"opt"'])
    assert.deepEqual(await textOf('o|', "o'pt #1 new"), ["o'pt #1 new", `"o'pt #1 new"`])
    assert.deepEqual(await textOf("'o|'", "o'pt #1 new"), ["'o''pt #1 new'", "'o''pt #1 new'"])
  })

  it('shows names from data files as text in hovers', async () => {
    await writeFile(join(folder, 'odd.jsonl'), '{"![](https://example.invalid/p.png)": "a"}\n')
    const recipe = await open(good)
    const hover = await recipe.at<Hover>('textDocument/hover', good.replace('calib.safetensors', 'odd.json|l'))
    const { value } = hover.contents as { value: string }
    assert.match(value, /fields /)
    assert.ok(!value.includes('![]('), value)
    assert.doesNotMatch(value, /Source: \[/)
  })

  it('shows in hovers what a key means and what a target matches', async () => {
    const recipe = await open(good)
    const text = (h: Hover | null) =>
      h && typeof h.contents === 'object' && 'value' in h.contents ? h.contents.value : ''
    const key = text(await recipe.at('textDocument/hover', good.replace('steps', 'st|eps')))
    assert.match(key, /Optimiser steps/)
    const target = text(await recipe.at('textDocument/hover', good.replace('[Linear]', '[Li|near]')))
    assert.match(target, /\*\*12 modules\*\*/)
    const sparsity = text(await recipe.at('textDocument/hover', good.replace('0.5', '0|.5')))
    assert.match(sparsity, / modules: 50 %\./)
  })

  it('says in lenses and a hint how many runs a sweep has, how long and how much', async () => {
    const recipe = await open(`${good}sweep: {"prune.0.sparsity": [0.4, 0.5, 0.6], seed: [0, 1]}\n`)
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    const titles = lenses.map((l) => l.command?.title ?? '')
    assert.deepEqual(titles.slice(0, 2), ['$(play) Run Sweep', '6 runs'])
    const seconds = titles.find((title) => /^~\d+ s$/.test(title))
    assert.ok(seconds, titles.join())
    assert.ok(lenses.every(({ command }) => command?.command === 'sparsescope.runSweep'))
    const all = { start: { line: 0, character: 0 }, end: { line: 99, character: 0 } }
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: all })
    const shown = hints.map(({ label }) => String(label))
    const runs = shown.find((label) => label.startsWith('6 runs, ~'))
    assert.ok(runs, shown.join())
  })

  it('says in lenses what a run would be', async () => {
    const recipe = await open(good)
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    const titles = lenses.map((l) => l.command?.title ?? '')
    assert.deepEqual(titles.slice(0, 3), ['$(play) Run', 'Dry run', '12 of 12 modules'])
    assert.match(titles[3], / % trainable$/)
    assert.match(titles[5], /^~\d+ s$/)
    assert.equal(lenses[0].command?.command, 'sparsescope.runRecipe')
    assert.deepEqual(lenses[0].command?.arguments, [recipe.uri])
  })

  it('estimates nothing while there are errors', async () => {
    const recipe = await open(good.replace('[Linear]', '[nothing_like_this]'))
    const { severity } = (await recipe.diagnostics())[0]
    assert.equal(severity, 1)
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    assert.deepEqual(
      lenses.map(({ command }) => command?.title),
      ['$(play) Run', 'Dry run'],
    )
  })

  it('has hints, links, symbols, folding and formatting', async () => {
    const recipe = await open(good)
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    assert.ok(hints.some((h) => String(h.label).startsWith('12 modules')))
    const links = await recipe.request<DocumentLink[]>('textDocument/documentLink')
    assert.ok(links.some((l) => l.target?.endsWith('/calib.safetensors')))
    assert.ok((await recipe.request<unknown[]>('textDocument/documentSymbol')).length >= 7)
    assert.ok((await recipe.request<unknown[]>('textDocument/foldingRange')).length > 0)
    await recipe.setText(good.replace('seed: 0', 'seed:    0'))
    const edits = await recipe.request<TextEdit[]>('textDocument/formatting', {
      options: { tabSize: 2, insertSpaces: true },
    })
    assert.match(edits[0].newText, /^seed: 0$/m)
  })

  it('has completion, hover, links and shares for each item of a list of recoveries', async () => {
    const list = `${good.slice(0, good.indexOf('recover:'))}recover:
  - mode: reconstruct
    train: [bias, norm]
  - mode: retrain
    train: [mask_lora]
    data: text.jsonl
    lora: {init: calib.safetensors}
    |
save: {to: out}
`
    const text = list.replace('|', '')
    const recipe = await open(text)
    const items = await recipe.at<{ items?: { label: string }[] } | { label: string }[]>(
      'textDocument/completion',
      list,
    )
    const labels = (Array.isArray(items) ? items : (items.items ?? [])).map(({ label }) => label)
    assert.ok(labels.includes('steps') && labels.includes('clip_norm') && !labels.includes('train'), labels.join(' '))
    const hover = await recipe.at<Hover>('textDocument/hover', text.replace('mode: retrain', 'mo|de: retrain'))
    assert.match(JSON.stringify(hover.contents), /language-model loss/)
    const hints = await recipe.request<InlayHint[]>('textDocument/inlayHint', { range: whole })
    const shares = hints.flatMap(({ label, position }) => (/trainable/.test(String(label)) ? [position.line] : []))
    assert.deepEqual(shares, [10, 12])
    await recipe.setText(text.replace('text.jsonl', 'calib.safetensors\n    samples: 8\n    seq_len: 16'))
    const lenses = await recipe.request<CodeLens[]>('textDocument/codeLens')
    assert.ok(lenses.some(({ command }) => / % trainable → .* % trainable$/.test(command?.title ?? '')))
    await recipe.setText(text)
    const links = await recipe.request<DocumentLink[]>('textDocument/documentLink')
    assert.deepEqual(
      links.filter(({ range }) => range.start.line > 10).map(({ range }) => range.start.line),
      [13, 14],
    )
  })

  it('changes the findings when a model appears or breaks', async () => {
    const recipe = await open(good.replace('model: opt', 'model: other'))
    const codes = async () => (await recipe.diagnostics()).map((d) => d.code)
    assert.ok((await codes()).includes('model-missing'))
    await cp(join(folder, 'opt'), join(folder, 'other'), { recursive: true })
    const changed = { changes: [{ uri: recipe.uri, type: 1 }] }
    await server.notify('workspace/didChangeWatchedFiles', changed)
    assert.ok(!(await codes()).includes('model-missing'))
    await writeFile(join(folder, 'other', 'model.safetensors'), 'no header at all')
    await utimes(join(folder, 'other', 'model.safetensors'), 1, 1)
    await server.notify('workspace/didChangeWatchedFiles', changed)
    assert.ok((await codes()).includes('damaged-weights'))
  })

  it('takes severities from settings', async () => {
    const recipe = await open(good)
    await server.configure({ severities: { M3: 'off', nonsense: 'error' } })
    await recipe.setText(`${good}\n`)
    assert.deepEqual(await recipe.diagnostics(), [])
    await server.configure({})
  })

  it('answers about one recipe while a long one is checked', async () => {
    const [long, other] = [await open(''), await open('version: 1\n')]
    const answered: string[] = []
    const slow = 'version: 1\na: [' + '[b],'.repeat(30_000) + ']\n'
    await long.setText(slow)
    const first = long.diagnostics().then(
      () => answered.push('long'),
      () => answered.push('dropped'),
    )
    await other.diagnostics()
    answered.push('other')
    await long.setText('version: 1\n')
    assert.ok((await long.diagnostics()).length > 0)
    await first
    assert.equal(answered[0], 'other')
  })

  it('has findings for hostile texts, and stays alive', async () => {
    const recipe = await open('')
    const bomb =
      'a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n'
    const texts = ['- '.repeat(20_000), '['.repeat(20_000), bomb, '\t\0\ufeff:', `${'x'.repeat(1_100_000)}: 1`]
    for (const text of texts) {
      await recipe.setText(text)
      assert.ok((await recipe.diagnostics()).length > 0, text.slice(0, 20))
      await recipe.at('textDocument/completion', `${text.slice(0, 100_000)}|`)
      await recipe.setText(text)
      await recipe.request('textDocument/documentSymbol')
      await recipe.request('textDocument/hover', { position: { line: 0, character: 0 } })
    }
    assert.ok(server.alive())
  })
})
