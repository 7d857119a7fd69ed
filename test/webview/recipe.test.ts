import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { parseRecipe } from '../../src/lint/lint.ts'
import { recoveriesOf, resolveRecipe } from '../../src/recipe/resolve.ts'
import { posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import { until } from '../support/until.ts'
import type { FromRecipe } from '../../src/protocol/view.ts'
import { recordedAnswer, recordedRecipes, recordedStart } from './harness/recordedForm.ts'
import { chains } from '../../src/recipe/measured.ts'
import { withTrain, type RecipeChoices } from '../../src/recipe/writing/choices.ts'
import * as recorded from './harness/recorded.ts'
import type { ThemeName } from './harness/themes.ts'

const settings = { type: 'settings', settings: recorded.settings }

describe('the form of a recipe in Chromium', () => {
  const pages = viewPages()
  let page: Page
  let answered = 0

  async function open(start: object = recordedStart(), theme: ThemeName = 'dark', width = 1280): Promise<void> {
    page = await pages.open('recipe', { theme, width })
    answered = 0
    const opened = page
    await page.exposeFunction('tellHost', async (message: FromRecipe) => {
      if (message.type !== 'write') return
      await send(opened, recordedRecipes(message.all))
      answered++
    })
    await send(page, settings, { type: 'start', ...start })
  }
  const asked = async (type: FromRecipe['type']) => (await posted(page)).filter((one) => one.type === type)
  /** The recipe of all that was chosen, which closed details have too. */
  async function shown(): Promise<string> {
    await until('the host to write', async () => (await asked('write')).length === answered)
    return page.locator('.outcome pre').evaluate((pre) => pre.textContent)
  }
  /** Only hints: the stand-in host knows no model. */
  const wrongIn = (text: string) => parseRecipe(text).findings.filter(({ severity }) => severity !== 'hint')
  const create = (name: string) => page.getByRole('button', { name })
  const openDetails = () => page.locator('summary').click()
  const preset = (name: string) => page.getByRole('radio', { name: new RegExp(`^${name}`) })
  const card = (name: string) => page.locator('.presets label', { has: preset(name) })
  const field = (label: string) => page.locator('.field', { has: page.getByText(label, { exact: true }) })
  /** The host answers with a plan of what is shown, and of each preset. */
  async function plan(...problems: Parameters<typeof recordedAnswer>[1] & object): Promise<void> {
    const text = await shown()
    await until('a plan to be asked for', async () => (await asked('plan')).some((one) => one.text === text))
    const texts = (await asked('plan')).map((one) => one.text as string)
    await send(page, ...texts.map((one) => recordedAnswer(one, one === text ? problems : [])))
  }

  for (const [theme, width] of [
    ['light', 1500],
    ['dark', 1500],
    ['highContrast', 1280],
    ['highContrastLight', 1280],
    ['light', 600],
  ] as const)
    it(`in ${theme} at ${width} px Balanced is complete at once: a recipe, its time, a click to run it`, async () => {
      await open(recordedStart(), theme, width)
      await keepPicture(page, `recipe-${theme}-${width}-waiting`)
      await plan()
      const { recipe } = parseRecipe(await shown())
      assert.deepEqual(wrongIn(await shown()), [])
      assert.deepEqual(
        [recipe?.prune?.[0].method, recoveriesOf(recipe?.recover).map(({ mode }) => mode)],
        ['alps', ['retrain']],
      )
      assert.ok(await preset('Balanced').isChecked())
      assert.ok(!(await page.getByRole('region', { name: 'Estimates' }).isVisible()), 'the details are closed')
      await page.getByText('128 windows of 512 · trains bias, norm and mask_lora · 120 steps').waitFor()
      await page.locator('.actions').getByText('about 6 min, 2.04 GB of memory').waitFor()
      assert.ok((await tooWide(page)) <= 0)
      await keepPicture(page, `recipe-${theme}-${width}`)
      await create('Create and run').click()
      const last = (await posted(page)).at(-1)
      assert.deepEqual([last?.type, last?.run], ['create', true])
      const write = (await asked('write')).at(-1) as Extract<FromRecipe, { type: 'write' }> | undefined
      assert.deepEqual(last?.choices, write?.all[0])
      assert.match(await shown(), /to: \.\/opt-alps50-2 #/)
    })

  it('Quick, Balanced and Best each show their time on this machine, and what was measured', async () => {
    await open()
    await plan()
    for (const [name, method, modes, figures] of [
      ['Quick', 'wanda', ['refit'], 'dense 21.5, pruned 51.2, recovered 43.4'],
      ['Balanced', 'alps', ['retrain'], 'dense 21.5, pruned 39.9, recovered 32.8'],
      ['Best', 'alps', ['reconstruct', 'retrain'], 'dense 21.5, pruned 38.4, recovered 29.5'],
    ] as const) {
      await card(name).getByText('about 6 min').waitFor()
      await card(name).getByRole('img', { name: figures }).waitFor()
      await card(name).click()
      assert.ok(await preset(name).isChecked())
      const { recipe } = parseRecipe(await shown())
      assert.deepEqual(wrongIn(await shown()), [])
      assert.deepEqual(
        [recipe?.prune?.[0].method, recoveriesOf(recipe?.recover).map(({ mode }) => mode)],
        [method, modes],
      )
    }
    await page.getByRole('button', { name: '2:4' }).click()
    await page.getByText(/measured on SmolLM2-135M at 2:4/).waitFor()
    await page.getByRole('img', { name: 'dense 21.5, pruned 75.2, recovered 40.3' }).waitFor()
    await plan()
    await keepPicture(page, 'recipe-2of4')
    await openDetails()
    await page.getByRole('combobox', { name: 'Method' }).selectOption('SparseGPT')
    assert.equal(await page.getByRole('radio', { checked: true }).count(), 0, 'it is no preset any more')
    await page.locator('summary').getByText('SparseGPT, reconstruct → retrain').waitFor()
    await preset('Balanced').focus()
    await page.keyboard.press('Space')
    assert.match(await shown(), /method: alps\n +pattern: "2:4"/)
  })

  it('a larger model gets lower rates than those that were measured, and the form says so', async () => {
    await open({ ...recordedStart(), parameters: 1.5e9 }, 'dark', 1000)
    await preset('Best').focus()
    await page.keyboard.press('Space')
    // The default is left out of the text.
    const { recipe } = parseRecipe(await shown())
    assert.deepEqual(recipe && resolveRecipe(recipe).recover.map(({ lr }) => lr), [5e-4, 5e-4])
    assert.match(await page.content(), /This model is larger, so the form uses a rate of 0\.0005/)
  })

  it('Best needs the memory to retrain; without it Balanced reconstructs block by block', async () => {
    const start = recordedStart()
    const recover = withTrain(chains.reconstruct, start.train)
    await open({ ...start, canRetrain: false, choices: { ...start.choices, recover } }, 'dark', 1000)
    await plan()
    assert.ok(await preset('Best').isDisabled())
    assert.ok(await preset('Balanced').isChecked())
    await page.getByRole('img', { name: 'recovered 36.0' }).waitFor()
    await page.getByText('reconstructed block by block').first().waitFor()
    await keepPicture(page, 'recipe-too-large')
  })

  it('a sweep is one switch: what varies and its values become the sweep, and the estimates are for each', async () => {
    await open()
    await openDetails()
    await page.getByRole('checkbox', { name: 'Sweep' }).check()
    const varies = page.getByRole('combobox', { name: 'What varies' })
    const values = page.getByRole('textbox', { name: 'Values' })
    await values.fill('30, half')
    assert.deepEqual(
      wrongIn(await shown()).map(({ path }) => path),
      [['sweep', 'prune.0.sparsity', 1]],
    )
    await values.fill('30 %, 45, 60')
    assert.match(await shown(), /^ {2}prune\.0\.sparsity: \[0\.3, 0\.45, 0\.6\]$/m)
    await plan()
    await page.getByRole('heading', { name: 'Each of 3 runs' }).waitFor()
    await page.locator('summary').getByText('sweep: 3 runs').waitFor()
    assert.ok(await page.getByRole('button', { name: '2:4' }).isDisabled())
    await keepPicture(page, 'recipe-several')
    await varies.selectOption('Method')
    assert.match(await shown(), /^ {2}prune\.0\.method: \[alps, admm\]$/m)
    await page.getByRole('group', { name: 'Methods' }).getByRole('checkbox', { name: 'Wanda' }).check()
    assert.match(await shown(), /prune\.0\.method: \[alps, admm, wanda\]/)
    assert.deepEqual(wrongIn(await shown()), [])
    await varies.selectOption('Seed')
    await values.fill('1, 2')
    assert.match(await shown(), /^ {2}seed: \[1, 2\]$/m)
    await card('Best').click()
    await varies.selectOption('Learning rate')
    await values.fill('1e-3, 5e-4')
    assert.match(await shown(), /^ {2}recover\.0\.lr: \[0\.001, 0\.0005\]$/m)
    assert.deepEqual(wrongIn(await shown()), [])
    await page.getByRole('combobox', { name: 'Recovery' }).selectOption('None')
    assert.doesNotMatch(await shown(), /^sweep/m, 'nothing has a rate')
    assert.ok(!(await page.getByRole('checkbox', { name: 'Sweep' }).isChecked()))
    assert.ok(await create('Create recipe').isEnabled())
  })

  it('every choice is in the recipe, and the name of the result follows', async () => {
    await open()
    await openDetails()
    await page.getByRole('button', { name: '2:4' }).click()
    await page.getByText('50 % of the weights').waitFor()
    await page.getByRole('combobox', { name: 'Method' }).selectOption('Wanda')
    await page.getByRole('combobox', { name: 'Recovery' }).selectOption('Reconstruct block by block')
    await page.getByRole('checkbox', { name: 'bias' }).uncheck()
    const windows = page.getByRole('spinbutton', { name: 'Windows', exact: true })
    await windows.fill('')
    assert.doesNotMatch(await shown(), /samples:/, 'nothing is written where nothing is chosen')
    assert.equal(await windows.getAttribute('placeholder'), '128', 'the field shows what that comes to')
    await page.locator('summary').getByText('128 windows of 512').waitFor()
    await windows.fill('64')
    await page.getByRole('spinbutton', { name: 'Steps' }).fill('30')
    const text = await shown()
    for (const line of [
      /method: wanda/,
      /pattern: "2:4"/,
      /mode: reconstruct/,
      /train: \[norm, mask_lora\]/,
      /steps: 30/,
      /samples: 64/,
    ])
      assert.match(text, line)
    assert.match(text, /to: \.\/opt-wanda2of4 #/)
    // The evaluation takes the model's context.
    assert.match(text, /data: \.\/text\/evaluation\.txt\n +seq_len: 1024/)
    await page.getByRole('button', { name: '2:4' }).click()
    await page.getByRole('slider', { name: 'Sparsity' }).fill('70')
    assert.match(await shown(), /sparsity: 0\.7 [^\n]*\n +allocation: depth #/)
    const spread = page.getByRole('combobox', { name: 'Allocation' })
    assert.equal(await spread.inputValue(), 'depth')
    assert.match(
      (await field('Allocation').getAttribute('title')) ?? '',
      /with 70 % pruned by Wanda has perplexity .* evenly/,
    )
    await plan()
    await keepPicture(page, 'recipe-details')
    await spread.selectOption('By depth, strength by trial')
    assert.match(await shown(), /allocation: depth #.*\n +depth: \{spread: auto\}/)
    await spread.selectOption('Evenly')
    assert.doesNotMatch(await shown(), /allocation/)
    await page.getByRole('textbox', { name: 'Folder' }).fill('./opt')
    await plan({ severity: 'warning', message: './opt is there already and is not overwritten.', field: 'save.to' })
    await field('Folder').getByText('is there already').waitFor()
    assert.ok(await create('Create and run').isDisabled())
  })

  it('retraining uses the text, or half of the dense model’s logits, with the measured effect of each', async () => {
    await open()
    await openDetails()
    const loss = page.getByRole('combobox', { name: 'Loss' })
    const told = (await field('Loss').getAttribute('title')) ?? ''
    assert.match(told, /perplexity [\d.]+ on text of the kind trained on, [\d.]+ on text of another kind/)
    assert.match(told, /a third more time, and memory for the dense model/)
    assert.match(await shown(), /^ +loss: \{dense: 0\.5, temperature: 2\}$/m)
    await loss.selectOption('The text')
    assert.doesNotMatch(await shown(), /loss:/)
    await loss.selectOption('Half the text, half distilled from the dense model')
    assert.deepEqual(wrongIn(await shown()), [])
    await send(page, { type: 'browsed', use: ['evaluate', 1], path: './wiki.txt' })
    await page.getByRole('combobox', { name: 'Also measure on' }).waitFor()
    const measured = /- task: perplexity\n +data: (\S+)\n +seq_len: 1024\n +at: \[dense, pruned, recovered\]/g
    const texts = [...(await shown()).matchAll(measured)].map(([, data]) => data)
    assert.deepEqual(texts, ['./text/evaluation.txt', './wiki.txt'])
    assert.deepEqual(wrongIn(await shown()), [])
    await keepPicture(page, 'recipe-loss')
    await page.getByRole('combobox', { name: 'Recovery' }).selectOption('Reconstruct block by block')
    await loss.waitFor({ state: 'detached' })
  })

  it('a second text gives half of the windows, of calibration and of training', async () => {
    await open(recordedStart(), 'light')
    await card('Best').click()
    await openDetails()
    const second = page.locator('.field', { has: page.getByRole('combobox', { name: 'Second text' }) })
    await second.getByRole('button', { name: 'Browse…' }).click()
    assert.deepEqual((await asked('browse')).at(-1)?.use, ['calibration', 1])
    await send(page, { type: 'browsed', use: ['calibration', 1], path: './readmes.jsonl' })
    await page.getByRole('spinbutton', { name: 'Windows', exact: true }).waitFor()
    const both = /^ +data: \[\.\/text\/train\.jsonl, \.\/readmes\.jsonl\]$/gm
    assert.equal([...(await shown()).matchAll(both)].length, 2)
    assert.deepEqual(wrongIn(await shown()), [])
    await plan()
    await second.scrollIntoViewIfNeeded()
    await keepPicture(page, 'recipe-second-text')
    await second.getByRole('combobox').selectOption('./text/train.jsonl')
    assert.ok(wrongIn(await shown()).some(({ path }) => path.join('.').startsWith('calibration.data')))
    await second.getByRole('combobox').selectOption('None')
    await page.getByRole('spinbutton', { name: 'Windows', exact: true }).waitFor()
    assert.doesNotMatch(await shown(), /readmes/)
  })

  it('an adapter that was trained elsewhere is named by its folder, written or browsed for, and needs no text', async () => {
    for (const theme of ['light', 'dark'] as const) {
      await open(recordedStart(), theme, 1280)
      await openDetails()
      await page.getByRole('combobox', { name: 'Method' }).selectOption('Magnitude')
      await page.getByRole('combobox', { name: 'Recovery' }).selectOption('Merge a PEFT adapter')
      assert.ok(wrongIn(await shown()).length > 0, 'no adapter is named')
      await page.getByText('Magnitude with a merged adapter reads no text').waitFor()
      const adapter = page.locator('.field', { has: page.getByRole('textbox', { name: 'Folder of the adapter' }) })
      await adapter.getByRole('button', { name: 'Browse…' }).click()
      assert.deepEqual((await posted(page)).filter(({ type }) => type === 'browse').at(-1)?.use, 'adapter')
      await send(page, { type: 'browsed', use: 'adapter', path: './my-lora' })
      await page.getByRole('button', { name: 'Create recipe' }).waitFor()
      assert.match(await shown(), /^recover:\n {2}mode: merge #.*\n {2}adapter: \.\/my-lora\nevaluate:/m)
      assert.doesNotMatch(await shown(), /calibration|every:/)
      assert.deepEqual(wrongIn(await shown()), [])
      await plan()
      await keepPicture(page, `recipe-adapter-${theme}`)
    }
  })

  it('a click on Create and run counts while the plan of the last change is being made', async () => {
    await open()
    await plan()
    await openDetails()
    await page.getByRole('spinbutton', { name: 'Steps' }).fill('8')
    assert.match(await shown(), /steps: 8$/m)
    await page.getByText('Estimating…').waitFor()
    await create('Create and run').click()
    const [{ choices, run }] = await asked('create')
    assert.deepEqual([(choices as RecipeChoices).recover.at(-1)?.steps, run], [8, true])
  })

  it('a finding of the planner is at its field; with an error nothing runs, but the recipe can be written', async () => {
    await open()
    await plan({ severity: 'error', message: 'There is no file ./text/train.jsonl.', field: 'calibration.data' })
    await field('Text').getByText('There is no file').waitFor()
    assert.ok(!(await page.getByRole('combobox', { name: 'Method' }).isVisible()))
    assert.ok(await create('Create and run').isDisabled())
    assert.ok(await create('Create recipe').isEnabled())
    await keepPicture(page, 'recipe-error')
    await send(page, { type: 'settings', settings: { ...recorded.settings, trusted: false } })
    await page.getByText('Running needs a trusted workspace.').waitFor()
  })

  it('an error in the details opens them', async () => {
    await open()
    await plan({ severity: 'error', message: 'ALPS needs more windows.', field: 'calibration.samples' })
    await page.getByRole('spinbutton', { name: 'Windows', exact: true }).waitFor()
    await field('Windows').getByText('ALPS needs more windows.').waitFor()
    await page.locator('.actions').getByText('1 problem above.').waitFor()
  })

  it('without a text it prunes by magnitude; one that is browsed for is taken, and Balanced with it', async () => {
    await open(recordedStart([]), 'light')
    assert.match(await shown(), /method: magnitude/)
    assert.deepEqual(wrongIn(await shown()), [])
    assert.equal(await page.getByRole('radio', { checked: true }).count(), 0)
    await plan()
    await keepPicture(page, 'recipe-no-text')
    await card('Quick').click()
    await page.getByText('Choose a text to calibrate or train on.').waitFor()
    await send(page, { type: 'start', ...recordedStart([]), weights: '/other/model.safetensors' })
    await page.getByRole('button', { name: 'Browse…' }).first().click()
    assert.deepEqual(
      (await posted(page)).findLast(({ type }) => type === 'browse'),
      { type: 'browse', use: ['calibration', 0] },
    )
    await send(page, { type: 'browsed', use: ['calibration', 0], path: '../c4 "x".jsonl' })
    assert.match(await shown(), /data: "\.\.\/c4 \\"x\\"\.jsonl"/)
    assert.ok(await preset('Balanced').isChecked())
  })

  it('a pruned model is only recovered', async () => {
    const start = recordedStart()
    const choices = { ...start.choices, prune: null, recover: withTrain(chains.retrain, start.train) }
    await open({ ...start, kind: 'recover', sparsity: 0.5, choices })
    await page.getByRole('heading', { name: 'Recover opt' }).waitFor()
    await page.getByText('already 50 % exact zeros').waitFor()
    assert.equal(await page.getByRole('radio').count(), 0)
    await openDetails()
    assert.equal(await page.getByRole('combobox', { name: 'Method' }).count(), 0)
    assert.deepEqual(wrongIn(await shown()), [])
    await plan()
    await keepPicture(page, 'recipe-recover')
  })

  it('a reload finds the form as it was', async () => {
    await open()
    await openDetails()
    await page.getByRole('combobox', { name: 'Method' }).selectOption('SparseGPT')
    await send(page, { type: 'start', ...recordedStart() })
    assert.match(await shown(), /method: sparsegpt/)
    await send(page, { type: 'start', ...recordedStart(), weights: '/other/model.safetensors' })
    assert.match(await shown(), /method: alps/)
    const old = { weights: recordedStart().weights, kind: 'prune', form: { choices: { method: 'wanda' }, texts: [] } }
    await page.evaluate(`window.acquireVsCodeApi().setState(${JSON.stringify(old)})`)
    await send(page, { type: 'start', ...recordedStart() })
    assert.match(await shown(), /method: alps/, 'choices of an earlier version begin anew')
  })
})
