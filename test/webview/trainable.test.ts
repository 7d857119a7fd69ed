// Which weights train, in Chromium: what trains in a stage, how much of the model that is, and where it moved most.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { formatTrained } from '../../src/formatting/numbers.ts'
import { compactCount, stagesOf } from '../../src/plan/stageView.ts'
import { answer, posted, send } from '../support/browser.ts'
import { until } from '../support/until.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import { recordedModel, recordedTile, settings } from './harness/recorded.ts'
import { recordedMoves, recordedTraining } from './harness/recordedTraining.ts'

const model = recordedModel(12)
const { plan } = recordedTraining(model)
const stages = stagesOf(plan)
/** A number stays on the line of its unit. */
const sentences = stages.map(({ said }) => said.join('').replaceAll(/ (?=[%MK](?![a-z]))/g, '\u00a0'))

describe('which weights train', () => {
  const pages = viewPages()
  let page: Page

  async function open(messages: readonly object[], width = 1000): Promise<void> {
    page = await pages.open('trainable', { width })
    await answer(page, 'tile', recordedTile(64, 64, false))
    await send(page, { type: 'settings', settings }, ...messages)
  }
  const said = () => page.locator('.say').innerText()
  const tab = (name: string) => page.getByRole('tab', { name })
  const pane = () => page.getByRole('region', { name: 'Opened' })

  it('has a tab for each stage with its share, and says what the stage trains', async () => {
    await open([recordedTraining(model)])
    assert.deepEqual(
      (await page.getByRole('tab').allInnerTexts()).map((text) => text.replace(/\s*\n\s*/, ' ')),
      stages.map(({ title, share }) => `${title} ${share}`),
    )
    assert.equal(
      await page
        .getByRole('tab', { selected: true })
        .innerText()
        .then((text) => text.split('\n')[0]),
      'Retrain',
    )
    for (const [i, { title }] of stages.entries()) {
      await tab(title).click()
      assert.equal(await said(), sentences[i])
    }
    await tab('Prune').focus()
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    assert.equal(await said(), sentences[1])
  })

  it('maps all that the model has, and each cell says what it is by keyboard and pointer', async () => {
    await open([recordedTraining(model)])
    await tab('Reconstruct').click()
    const map = page.getByRole('grid', { name: 'Trained share by block and module' })
    assert.equal(await map.getAttribute('aria-rowcount'), String(12 + 3), 'embedding, final norm, and the tied head')
    await map.focus()
    await page.keyboard.press('PageUp')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Home')
    const status = page.locator('.srOnly[role=status]')
    const [rows, columns] = [768, 768]
    const count = 16 * (rows + columns) + rows
    const share = formatTrained((100 * count) / (rows * columns + rows), 3)
    assert.equal(
      await status.innerText(),
      `block 0, q: mask_lora, ${count.toLocaleString('en-US')} train of ${(rows * columns + rows).toLocaleString('en-US')} numbers (${share})`,
    )
    assert.match(await pane().innerText(), /Block 0, q[^]*768 × 768[^]*24,576 numbers[^]*known after a run/)
    await tab('Prune').click()
    await page.getByText('pruned and frozen', { exact: true }).first().waitFor()
  })

  it('asks for the mask again when the recipe names another pruned model of the same shape', async () => {
    const asked = async (count: number) => {
      const ofPictures = async () => (await posted(page)).filter(({ type }) => type === 'ask').length
      await until(`the question for picture ${count}`, async () => (await ofPictures()) === count, 30_000)
    }
    const first = { ...recordedTraining(model), hasWeights: true }
    await open([first])
    await pane().locator('image').waitFor()
    await asked(1)
    await send(page, { ...first, plan: { ...plan, model: 'another' } })
    await asked(2)
  })

  it('after a run says which matrix moved most, opens it, and colours the map by it, whatever a bias near 0 did', async () => {
    await open([recordedTraining(model, 'result'), recordedMoves(model, 1)])
    await tab('Reconstruct').click()
    await page.getByText('It moved most in block 3, out: 3.12 % of its norm, then in block ').waitFor()
    assert.match(await pane().innerText(), /Block 3, out[^]*3\.12 % of its norm[^]*311 \(4\.0 %\)[^]*40 \(3\.1 %\)/)
    assert.equal(await pane().locator('image').count(), 1)
    await page.getByRole('combobox', { name: 'Colour by' }).selectOption('How far it moved')
    await page.getByText('3.12 % of its norm and more', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Open the matrix' }).click()
    const last = (await posted(page)).at(-1)
    assert.deepEqual(last, { type: 'openMatrix', name: 'model.decoder.layers.3.self_attn.out_proj.weight' })
    await keepPicture(page, 'trainable-moved')
  })

  it('says what the last stage trains, how much of the model, and where it moved most, above 700 px without a click', async () => {
    const two = { ...plan, recoveries: plan.recoveries.slice(0, 2) }
    await open([recordedTraining(model, 'result', two), recordedMoves(model, 1)], 600)
    await page.locator('.modelMap svg').waitFor()
    const seen = await page.locator('h1, p, [role=tab]').evaluateAll((all) =>
      all
        .filter((one) => one.checkVisibility() && one.getBoundingClientRect().bottom <= 700)
        .map((one) => (one as HTMLElement).innerText.replaceAll('\u00a0', ' '))
        .join('\n'),
    )
    const found =
      /^Reconstruct trains (\S+ \w) of \S+ \w numbers, (\S+ %): (.+?)\. .*\n+It moved most in (.+)\. The median/m
    const [, count, share, what, places] = found.exec(seen) ?? assert.fail(seen)
    const last = stagesOf(two)[2]
    assert.deepEqual([count, share], [compactCount(last.count), formatTrained(last.percentage, 3)])
    assert.match(what, /MaskLoRA of rank 16 on 72 matrices$/)
    const [others, norm] = ['block \\d+, \\w+: 1\\.20 %', 'block 3, out: 3\\.12 % of its norm']
    assert.match(places, new RegExp(`^${norm}, then in ${others}; ${others}$`))
  })

  it('draws the ruler as wide as the page, also after a stage that has none, and no name over another', async () => {
    await open([recordedTraining(model)], 560)
    await tab('Prune').click()
    assert.equal(await page.locator('.ruler').count(), 0)
    await tab('Retrain').click()
    await page.locator('.ruler svg').waitFor()
    const [wide, room] = await page
      .locator('.ruler')
      .evaluate((e) => [e.querySelector('svg')!.clientWidth, e.clientWidth])
    assert.equal(wide, room)
    const boxes = await page
      .locator('.ruler text')
      .evaluateAll((all) => all.map((e) => e.getBoundingClientRect().toJSON()))
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        assert.ok(a.right <= b.left || b.right <= a.left || a.bottom <= b.top + 3 || b.bottom <= a.top + 3)
    assert.ok(
      boxes.every(({ height }) => height < 16),
      'in small letters',
    )
  })

  it('proposes a train list along the ruler, by dragging and by keyboard, and writes it when asked to', async () => {
    await open([recordedTraining(model)])
    const slider = page.getByRole('slider')
    const box = await slider.boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + box.width - 20, box.y + 42)
    await page.mouse.down()
    await page.mouse.move(box.x + 0.55 * box.width, box.y + 42, { steps: 4 })
    await page.mouse.up()
    const proposal = page.locator('.ruler [role=status]')
    assert.match(await proposal.innerText(), /^train: \[bias, norm, mask_lora\], rank 4 – /)
    await slider.focus()
    await page.keyboard.press('Home')
    assert.match(await proposal.innerText(), /^train: \[norm\] – .* 0\.03 %/)
    await page.getByRole('button', { name: 'Write into the recipe' }).click()
    assert.deepEqual((await posted(page)).at(-1), {
      ...{ type: 'train', recovery: 2, budget: { train: ['norm'], rank: null } },
    })
    await slider.focus()
    await page.keyboard.press('Escape')
    assert.equal(await proposal.count(), 0)
  })

  it('follows a run: the stage and the unit at work are lit, and a person may look at another', async () => {
    const at = { recovery: 1, block: 4, step: 80 }
    await open([
      recordedTraining(model, 'run'),
      { type: 'training', isAnew: true, update: { at, moved: {}, sparsities: {} } },
    ])
    assert.equal(await said(), sentences[2])
    await page.getByText('Now block 4, step 80.').waitFor()
    assert.equal(await page.locator('.atWork').count(), 7, 'six matrices and a norm of the block')
    assert.equal(await page.getByRole('slider').count(), 0, 'the recipe of a run stays as it is')
    await tab('Retrain').click()
    assert.equal(await page.locator('.atWork').count(), 0)
    const whole = { at: { recovery: 2, block: null, step: 1 }, moved: {}, sparsities: {} }
    await send(page, { type: 'training', isAnew: false, update: whole })
    await page.getByText('Now the whole model, step 1.').waitFor()
  })

  it('Dry run has its own title, and shows time, memory and disk', async () => {
    await open([recordedTraining(model, 'dryRun')], 600)
    assert.equal(await page.locator('h1').innerText(), 'Dry run')
    assert.match(await page.locator('.head').innerText(), /of memory · .* on disk/)
    assert.ok((await tooWide(page)) <= 0)
    await send(
      page,
      recordedTraining(model, 'dryRun', { ...plan, rows: [], recoveries: [], prunedModules: 0, errors: ['no model'] }),
    )
    assert.equal(await page.getByRole('alert').innerText(), 'no model')
    assert.ok(await page.getByRole('button', { name: 'Run', exact: true }).isDisabled())
  })
})
