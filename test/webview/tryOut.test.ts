import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { contrast } from '../../webview-ui/shared/palette.ts'
import { posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import { recordedProgress, recordedTrial, triedModels } from './harness/recordedTrial.ts'
import * as recorded from './harness/recorded.ts'
import type { ThemeName } from './harness/themes.ts'

const settings = { type: 'settings', settings: recorded.settings }
const columns = { type: 'columns', columns: triedModels, note: null }

describe('Try it in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(messages: readonly object[], theme: ThemeName = 'dark', width = 1280): Promise<void> {
    page = await pages.open('try', { theme, width })
    await send(page, ...messages)
  }
  const card = (name: string) => page.getByRole('region', { name })
  const spoken = () => page.locator('.srOnly[role=status]').innerText()

  for (const [theme, width] of [
    ['light', 1280],
    ['dark', 1280],
    ['highContrast', 1280],
    ['highContrastLight', 1280],
    ['dark', 600],
  ] as const)
    it(`three columns in ${theme} at ${width} px: texts, the first difference, shades; nothing too wide`, async () => {
      await open([settings, ...recordedTrial()], theme, width)
      assert.match(await card('dense: opt').innerText(), /Paris, the city of light\./)
      assert.deepEqual(await page.locator('.columns .differs').allTextContents(), [' of', ' capital'])
      const shades = card('pruned: opt-pruned').locator('[data-surprise]')
      assert.deepEqual(
        await shades.evaluateAll((spans) => spans.map((span) => (span as HTMLElement).dataset.surprise)),
        ['0', '2', '3', '0', '3', '0'],
      )
      assert.match(await card('recovered: opt-wanda50').innerText(), /⟨end⟩/)
      assert.ok((await tooWide(page)) <= 0)
      const token = card('pruned: opt-pruned').getByRole('option').nth(1)
      await token.hover()
      await page.locator('.tokenCard').getByText('dense: opt: 0.4 %').waitFor()
      assert.deepEqual(await page.evaluate(coveredTexts), [])
      assert.deepEqual(await page.locator('.tokenCard section > :first-child').allTextContents(), [
        'pruned: opt-pruned predicts',
        'dense: opt predicts',
        'recovered: opt-wanda50 predicts',
      ])
      await keepPicture(page, `try-${theme}-${width}`)
    })

  for (const width of [1000, 600])
    it(`at ${width} px Copy stays one word beside long names, and no speed is shown`, async () => {
      const label = 'SmolLM2-135M-under-the-mask-of-this-run'
      const [names, ...rest] = recordedTrial()
      const long = { ...names, columns: triedModels.map((model) => ({ ...model, label })) }
      await open([settings, long, ...rest], 'dark', width)
      const buttons = page.getByRole('button', { name: /^Copy the text of/ })
      const heights = await buttons.evaluateAll((all) => all.map((one) => one.getBoundingClientRect().height))
      assert.equal(heights.length, 3)
      assert.ok(Math.max(...heights) < 30, `${Math.max(...heights)} px`)
      assert.doesNotMatch(await page.locator('.columns').innerText(), /a second/)
      await keepPicture(page, `try-long-${width}`)
    })

  it('the details of a token stay in sight beside long texts, and cover none of them', async () => {
    const tokens = recordedProgress().filter(({ type }) => type === 'token')
    const long = Array.from({ length: 60 }, () => tokens).flat()
    await open(
      [settings, columns, { type: 'begun', prompts: ['p'] }, { type: 'written', progress: long }],
      'dark',
      1000,
    )
    const options = card('pruned: opt-pruned').getByRole('option')
    for (const token of [options.first(), options.last()]) {
      await token.hover()
      const room = await page.locator('.tokenCard').boundingBox()
      assert.ok(room && room.y + room.height <= 900)
      assert.deepEqual(await page.evaluate(coveredTexts), [])
    }
    await keepPicture(page, 'try-long-texts')
  })

  for (const theme of ['light', 'dark'] as const)
    it(`shades in ${theme} are easy to distinguish, and words on them can be read`, async () => {
      await open([settings, ...recordedTrial()], theme)
      const shades = await page.locator('.surpriseKey [data-surprise]').evaluateAll((tokens) =>
        tokens.map((token) => {
          const { backgroundColor, color } = getComputedStyle(token)
          return { background: backgroundColor, ink: color }
        }),
      )
      const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor')
      const grounds = [String(paper), ...shades.slice(1).map(({ background }) => background)]
      assert.equal(grounds.length, 4)
      for (const [i, ground] of grounds.entries()) {
        assert.ok(contrast(shades[i].ink, ground) >= 4.5, `ink on shade ${i}`)
        if (i > 0) assert.ok(contrast(ground, grounds[i - 1]) >= 1.25, `shades ${i - 1} and ${i}`)
      }
    })

  it('three examples are a click away while nothing of one’s own is written', async () => {
    await open([settings, columns])
    const examples = page.getByRole('group', { name: 'Example prompts' }).getByRole('button')
    assert.equal(await examples.count(), 3)
    await examples.nth(2).click()
    await examples.first().click()
    await page.getByRole('button', { name: 'Generate' }).click()
    const asked = (await posted(page)).filter(({ type }) => type === 'generate')
    assert.deepEqual(asked, [{ type: 'generate', prompts: ['The capital of France is'], maxTokens: 40 }])
    await keepPicture(page, 'try-examples')
    await page.getByRole('textbox', { name: 'Prompt' }).fill('My own')
    assert.equal(await examples.count(), 0)
  })

  it('a prompt is sent with its number of tokens, also by Ctrl+Enter, and Stop stops', async () => {
    await open([settings, columns])
    await page.getByText('continues the prompt by greedy decoding').waitFor()
    await page.getByRole('button', { name: 'Generate' }).click()
    await page.getByRole('alert').getByText('Write a prompt first.').waitFor()
    await page.getByRole('textbox', { name: 'Prompt' }).fill('one\n\ntwo')
    await page.getByRole('spinbutton', { name: 'New tokens' }).fill('7')
    await page.getByRole('textbox', { name: 'Prompt' }).press('Control+Enter')
    await page.getByRole('checkbox', { name: 'One prompt per line' }).check()
    await page.getByRole('button', { name: 'Generate' }).click()
    const asked = (await posted(page)).filter(({ type }) => type === 'generate')
    assert.deepEqual(
      asked.map(({ prompts, maxTokens }) => [prompts, maxTokens]),
      [
        [['one\n\ntwo'], 7],
        [['one', 'two'], 7],
      ],
    )
    await send(page, { type: 'begun', prompts: ['one'] })
    assert.ok(await page.getByRole('button', { name: 'Generate' }).isDisabled())
    await page.getByRole('button', { name: 'Stop' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'stop'))
    await send(page, { type: 'ended', status: 'stopped', message: null, device: null })
    await page.getByText('Stopped.').first().waitFor()
  })

  it('is a conversation where all columns have a chat template, until a person wants none', async () => {
    await open([settings, columns, { type: 'chat', possible: true }])
    await page.getByText('answers the message by greedy decoding').waitFor()
    await page.getByRole('button', { name: 'What is the capital of France?' }).click()
    await page.getByRole('button', { name: 'Send' }).click()
    const message = page.getByRole('textbox', { name: 'Message' })
    assert.equal(await message.inputValue(), '')
    await send(
      page,
      { type: 'begun', prompts: ['Hi <b>'], turns: [] },
      { type: 'written', progress: recordedProgress() },
      { type: 'ended', status: 'done', message: null, device: 'cpu' },
    )
    await message.fill('And of Italy?')
    await message.press('Control+Enter')
    const asked = (await posted(page)).filter(({ type }) => type === 'generate')
    const answers = [' Paris, the city of light.', ' Paris of of the of the', ' Paris, the capital of France.']
    const turns = [{ prompt: 'Hi <b>', answers }]
    assert.deepEqual(asked, [
      { type: 'generate', prompts: ['What is the capital of France?'], maxTokens: 40, turns: [] },
      { type: 'generate', prompts: ['And of Italy?'], maxTokens: 40, turns },
    ])
    await send(
      page,
      { type: 'begun', prompts: ['And of Italy?'], turns },
      { type: 'written', progress: recordedProgress() },
      { type: 'ended', status: 'done', message: null, device: 'cpu' },
    )
    const said = (await card('dense: opt').innerText()).replace(/\s+/g, ' ')
    assert.match(said, /You Hi <b> Paris, the city of light\. You And of Italy\? Paris, the city of light\.$/)
    assert.ok((await tooWide(page)) <= 0)
    await keepPicture(page, 'try-conversation')
    await page.getByRole('button', { name: 'Copy as Markdown' }).click()
    const markdown = (await posted(page)).flatMap((m) => (m.type === 'copy' ? [String(m.text)] : [])).join('')
    assert.match(markdown, /^\| Hi .*light\..*\n\| And of Italy\? .*light\./m)
    await page.getByRole('button', { name: 'New conversation' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'clear'))
    await page.getByRole('checkbox', { name: 'Conversation' }).uncheck()
    await page.getByRole('textbox', { name: 'Prompt' }).fill('Once')
    await page.getByRole('button', { name: 'Generate' }).click()
    assert.deepEqual((await posted(page)).at(-1), { type: 'generate', prompts: ['Once'], maxTokens: 40 })
  })

  it('while they write one may be ahead: only another token is a difference', async () => {
    const first = recordedProgress().filter((p) => p.type === 'token' && (p.column === 0 || p.prompt === 1))
    const one = recordedProgress()
      .filter((p) => p.type === 'token' && p.column === 2)
      .slice(0, 2)
    await open([
      settings,
      columns,
      { type: 'begun', prompts: ['p'] },
      { type: 'written', progress: [...first, ...one] },
    ])
    assert.equal(await page.locator('.columns .differs').count(), 0)
    await page.getByText('2 tokens…').waitFor()
  })

  it('the arrow keys move over tokens, which are read aloud with their alternatives', async () => {
    await open([settings, ...recordedTrial()])
    assert.match(await spoken(), /dense: opt: {1,2}Paris, the city of light\./)
    await card('pruned: opt-pruned').getByRole('option').first().focus()
    await page.keyboard.press('ArrowRight')
    assert.match(
      await spoken(),
      /^“ of”; first difference; dense: opt 0\.4 %; pruned: opt-pruned predicts “ of” 10\.4 %, “ one” /,
    )
    assert.match(await spoken(), /“\\n” /)
    assert.match(await spoken(), /; dense: opt predicts “,” 71\.0 %.*; recovered: opt-wanda50 predicts /)
    await page.keyboard.press('ArrowRight')
    assert.match(await spoken(), /; dense: opt differs earlier: instead of “ of” it predicts “,” 71\.0 %/)
    await keepPicture(page, 'try-parted')
    await page.keyboard.press('ArrowLeft')
    await page.locator('.tokenCard').waitFor()
    await page.keyboard.press('Escape')
    assert.ok(await page.locator('.tokenCard').isHidden())
    await page.keyboard.press('End')
    assert.match(await spoken(), /^“ the”/)
    const stops = await page.locator('.columns [role=option][tabindex="0"]').count()
    assert.equal(stops, 3)
  })

  it('a batch is a table of prompts; it copies as Markdown, hostile text is text', async () => {
    const hostile = '<img src=x onerror=alert(1)>|\u202e'
    await open([settings, ...recordedTrial(['The capital of France is', hostile])], 'light', 600)
    const table = page.getByRole('table')
    const rows = await table.getByRole('rowheader').allTextContents()
    assert.deepEqual(rows, ['The capital of France is', '<img src=x onerror=alert(1)>|\\u202e'])
    assert.equal(await table.locator('.differs').count(), 4)
    assert.equal(await page.locator('main img').count(), 0)
    assert.ok((await tooWide(page)) <= 0)
    await page.getByRole('button', { name: 'Copy as Markdown' }).click()
    await page.getByRole('button', { name: 'Copy the text of dense: opt' }).click()
    const [markdown, text] = (await posted(page)).flatMap((m) => (m.type === 'copy' ? [String(m.text)] : []))
    assert.match(markdown, /^\| prompt \| dense: opt \| pruned: opt-pruned \| recovered: opt-wanda50 \|\n\| --- \|/)
    assert.match(markdown, /\\<img src=x onerror=alert\(1\)\\>\\\|/)
    assert.equal(text.split('\n\n').length, 2)
    await keepPicture(page, 'batch')
  })

  it('a column that fails says why while the others continue; a total failure is reported; without trust nothing runs', async () => {
    const failed = { type: 'failed', column: 1, message: 'opt-pruned has no tokenizer.json, which text data needs' }
    const others = recordedProgress().filter(({ column }) => column !== 1)
    const message = 'The backend stopped before it answered.'
    await open([
      settings,
      columns,
      { type: 'begun', prompts: ['p'] },
      { type: 'written', progress: [failed, ...others] },
      { type: 'ended', status: 'failed', message, device: null },
    ])
    await card('pruned: opt-pruned').getByText('has no tokenizer.json').waitFor()
    await page.getByRole('alert').getByText(message).waitFor()
    assert.match(await card('recovered: opt-wanda50').innerText(), /the capital of France/)
    await send(page, { type: 'settings', settings: { ...recorded.settings, trusted: false } })
    assert.ok(await page.getByRole('button', { name: 'Generate' }).isDisabled())
    await page.getByText('needs a trusted workspace').waitFor()
    await send(
      page,
      {
        type: 'columns',
        columns: [],
        note: 'No column shows the model that is only pruned: SparseGPT changes the kept weights.',
      },
      settings,
    )
    await page.getByText('Add a checkpoint to begin.').waitFor()
    await page.getByText('No column shows the model that is only pruned: SparseGPT changes the kept weights.').waitFor()
    await page.getByRole('button', { name: 'Add a checkpoint…' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'addColumn'))
  })
})

/** In the page: tokens in sight that something else covers. */
function coveredTexts(): string[] {
  return [...document.querySelectorAll<HTMLElement>('.token[role=option]')].flatMap((token) => {
    const { left, top, width, height } = token.getClientRects()[0] ?? new DOMRect()
    const frame = token.closest('.texts')?.getBoundingClientRect() ?? new DOMRect()
    const [x, y] = [left + width / 2, top + height / 2]
    if (width === 0 || y < frame.top || y > Math.min(frame.bottom, innerHeight)) return []
    return document.elementFromPoint(x, y)?.closest('.token') === token ? [] : [token.textContent ?? '']
  })
}
