import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { PlanChange } from '../../src/shared/analysis/plannedMap.ts'
import { answer, posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages, type PageOptions } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedMap } from './harness/recordedMap.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const dense = stats.map((one) => ({ ...one, zeros: 0, sparsity: 0, nm: {} }))
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats: dense, analysis: recorded.recordedAnalysis(model) }
const planned = (more: Parameters<typeof recordedMap>[1] = {}) => {
  return { type: 'planned', plan: recordedMap(model, more) }
}

describe('the map as an editor of the recipe, in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(options: PageOptions = {}): Promise<void> {
    page = await pages.open('inspector', { width: 1500, ...options })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(model.tensors[2], dense[2]))
  }
  const plans = async () => {
    const all = (await posted(page)).filter(({ type }) => type === 'plan')
    return all as unknown as { change: PlanChange; locked: string[] }[]
  }
  const set = async () => {
    const last = (await plans()).at(-1)
    assert.ok(last?.change.kind === 'set')
    return { ...last.change, locked: last.locked }
  }
  const slider = (name: string) => page.getByRole('slider', { name: `${name}: planned sparsity` })
  const settled = () => page.waitForTimeout(450)
  /** In one task, so that no time passes between two of them on a slow machine either; the page renders after each. */
  const pressAtOnce = (keys: readonly string[]) =>
    page.evaluate(`(async () => {
      for (const pressed of ${JSON.stringify(keys)}) {
        const [key, shift] = pressed.split('+').reverse()
        const event = { key, shiftKey: shift !== undefined, bubbles: true, cancelable: true }
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', event))
        for (let turn = 0; turn < 20; turn++) await null
      }
    })()`)
  const cell = () => page.getByRole('grid', { name: 'Map of blocks and modules' }).getByRole('gridcell')

  it('without a recipe one button begins one, and what it plans is shown when it is there', async () => {
    await open()
    await send(page, settings, shown, { type: 'planned', plan: null })
    assert.equal(await page.getByRole('slider').count(), 0)
    await page.getByRole('button', { name: 'Plan pruning in a recipe' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'planBegin'))
    await send(page, planned())
    await page.getByRole('heading', { name: 'Planned sparsity by block and module' }).waitFor()
    assert.match(await cell().innerText(), /^block 0, self_attn\.q_proj: Planned sparsity: 35\.00 %/)
    const strip = page.getByRole('group', { name: 'Plan of opt-125m.prune.yaml' })
    const text = (await strip.innerText()).replace(/\s+/g, ' ')
    for (const part of ['expected error 3.21 % (uniform: 3.94 %)', 'time 5 min', 'memory 1.9 GB'])
      assert.ok(text.includes(part), `${part} in ${text}`)
    await page.getByText('by OWL: not yet').click()
    await page.getByText('by OWL: the recipe has no calibration').waitFor()
  })

  it('keys move a bar by 1 and 5 %, and several on the way are one change', async () => {
    await open()
    await send(page, settings, shown, planned())
    await slider('block 0').focus()
    await pressAtOnce(['ArrowRight', 'ArrowRight', 'Shift+ArrowRight', 'ArrowLeft'])
    assert.match((await slider('block 0').getAttribute('aria-valuetext')) ?? '', /^41 %/)
    while ((await plans()).length === 0) await page.waitForTimeout(20)
    await settled()
    const { names, sparsity } = await set()
    assert.equal((await plans()).length, 1)
    // fc1, which is left alone, is not begun to be pruned.
    assert.deepEqual([sparsity, names.length], [0.41, 5])
    assert.ok(names.every((name) => /layers\.0\./.test(name) && !name.endsWith('fc1')))
    await page.keyboard.press('ArrowDown')
    assert.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'block 1: planned sparsity')
    await page.keyboard.press('Delete')
    assert.equal((await set()).sparsity, null)
    assert.equal(await slider('block 1').getAttribute('aria-valuetext'), 'left alone')
  })

  it('a bar whose modules differ moves each by the same, also by several keys; a typed number makes them alike', async () => {
    await open()
    await send(page, settings, shown, planned())
    await slider('fc2').focus()
    const says = async () => (await slider('fc2').getAttribute('aria-valuetext')) ?? ''
    assert.match(await says(), /^48\.7 % on average, 35 % to 62\.5 %/)
    for (const key of ['ArrowUp', 'Shift+ArrowUp', 'ArrowUp']) await page.keyboard.press(key)
    assert.match(await says(), /^55\.[78] % on average, 42 % to 69\.5 %/)
    await settled()
    const { change } = (await plans()).at(-1)!
    assert.ok(
      change.kind === 'shift' && change.names.length === 12 && Math.abs(change.by - 0.07) < 1e-9,
      JSON.stringify(change),
    )
    assert.equal((await plans()).length, 1)
    // Not answered yet: the next key goes on from what is seen.
    await page.keyboard.press('ArrowUp')
    assert.match(await says(), /^56\.[78] % on average/)
    await settled()
    await send(page, planned())
    assert.match(await says(), /^48\.7 %/)
  })

  it('a number is typed after Enter or a double click, and Escape leaves it', async () => {
    await open()
    await send(page, settings, shown, planned())
    await slider('fc2').dblclick()
    const field = page.getByRole('textbox', { name: 'fc2: sparsity in %' })
    await field.fill('62,5 %')
    await field.press('Enter')
    const { names, sparsity } = await set()
    assert.deepEqual([sparsity, names.length], [0.625, 12])
    await slider('fc2').focus()
    await page.keyboard.press('Enter')
    await field.fill('10')
    await field.press('Escape')
    assert.equal((await plans()).length, 1)
    assert.equal(await field.count(), 0)
  })

  it('dragging draws the map at once and changes the recipe once, and a click alone nothing', async () => {
    await open()
    await send(page, settings, shown, planned())
    await page.getByText('Planned', { exact: true }).click()
    const box = await slider('block 0').boundingBox()
    assert.ok(box)
    await page.mouse.click(box.x + 5, box.y + 5)
    assert.equal((await plans()).length, 0)
    await page.mouse.move(box.x + 5, box.y + 5)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + 5, { steps: 5 })
    assert.match(await cell().innerText(), /Planned sparsity: (49|50)\.\d+ %/)
    assert.equal((await plans()).length, 0)
    await page.mouse.up()
    assert.ok(Math.abs(((await set()).sparsity ?? 0) - 0.5) < 0.02)
    // The host refuses: the map shows again what the recipe says.
    await send(page, { type: 'shaped', said: 'Nothing was changed: the recipe cannot be edited.' })
    await page.getByText('the recipe cannot be edited').first().waitFor()
    assert.match(await cell().innerText(), /Planned sparsity: 35\.00 %/)
  })

  it('what is locked keeps its sparsity, and is named with every change', async () => {
    await open()
    await send(page, settings, shown, planned())
    await slider('block 2').focus()
    await page.keyboard.press('l')
    await page.keyboard.press('ArrowRight')
    await settled()
    assert.equal((await plans()).length, 0)
    await page.getByRole('button', { name: 'Lock fc2' }).click()
    await slider('block 3').focus()
    await page.keyboard.press('ArrowRight')
    await settled()
    const { names, locked } = await set()
    assert.deepEqual([names.length, locked.length], [5, 6 + 11])
    await page.getByRole('button', { name: 'Unlock all (17)' }).click()
    assert.equal(await page.locator('.planLock[aria-pressed=true]').count(), 0)
  })

  it('the mean and the rule spread over all, and the method is chosen beside them', async () => {
    await open()
    await send(page, settings, shown, planned())
    const mean = page.getByRole('slider', { name: 'Mean sparsity' })
    await mean.focus()
    const bar = async () => Number(/^[\d.]+/.exec((await slider('block 0').getAttribute('aria-valuetext')) ?? '')?.[0])
    const standing = await bar()
    await page.keyboard.press('Shift+ArrowRight')
    await page.waitForTimeout(50)
    assert.ok((await bar()) > standing + 3, 'the bars are drawn before the host has been told')
    assert.equal((await plans()).length, 0)
    await keepPicture(page, 'map-mean-preview')
    await settled()
    const { mean: before } = recordedMap(model)
    const first = (await plans()).at(-1)?.change
    assert.ok(first?.kind === 'spread' && first.rule === 'depth' && Math.abs(first.mean - before - 0.05) < 1e-9)
    await send(page, planned())
    assert.equal(await bar(), standing, 'the answer of the host takes its place')
    const rule = page.getByRole('combobox', { name: 'Spread' })
    assert.equal(await rule.locator('option:disabled').count(), 1)
    await rule.selectOption('uniform')
    assert.deepEqual((await plans()).at(-1)?.change, { kind: 'spread', mean: before, rule: 'uniform' })
    await page.getByRole('combobox', { name: 'Method', exact: true }).selectOption('sparsegpt')
    assert.deepEqual((await plans()).at(-1)?.change, { kind: 'method', method: 'sparsegpt' })
  })

  it('where another spread was measured to keep more, the map says so', async () => {
    await open()
    await send(page, settings, shown, planned({ rule: 'uniform', mean: 0.7 }))
    await page.getByText(/a spread by depth keeps more: SmolLM2-135M .* pruned alike\./).waitFor()
    await page.getByRole('button', { name: 'Spread by depth' }).click()
    assert.deepEqual((await plans()).at(-1)?.change, { kind: 'spread', mean: 0.7, rule: 'depth' })
    await keepPicture(page, 'plan-better-spread')
    await send(page, planned({ rule: 'uniform', mean: 0.5 }))
    await page.getByText(/keeps more/).waitFor({ state: 'detached' })
    await send(page, planned({ rule: 'depth', mean: 0.7 }))
    assert.equal(await page.getByText(/keeps more/).count(), 0)
  })

  it('marked matrices have a bar of their own', async () => {
    await open()
    await send(page, settings, shown, planned())
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    for (const key of ['Home', 'Shift+ArrowRight', 'Shift+ArrowDown']) await page.keyboard.press(key)
    const bar = page.getByRole('group', { name: 'Marked matrices' })
    await bar.getByRole('button', { name: 'Leave alone' }).click()
    const { names, sparsity } = await set()
    assert.deepEqual([sparsity, names.length], [null, 4])
  })

  it('what the map cannot change says why, and what it cannot show is said', async () => {
    await open()
    const plan = recordedMap(model)
    const why = 'its pattern 2:4 fixes how many go'
    const modules = plan.modules.map((module) => ({ ...module, sparsity: 0.5, fixed: why }))
    await send(
      page,
      settings,
      shown,
      planned({ modules, pattern: '2:4', said: ['prune.1 has a target that the map has not.'] }),
    )
    await page.getByText('prune.1 has a target that the map has not.').waitFor()
    await slider('block 4').focus()
    await page.keyboard.press('ArrowRight')
    await settled()
    assert.equal((await plans()).length, 0)
    await page.locator('.srOnly[role=status]', { hasText: `block 4: ${why}` }).waitFor()
    // A pattern fixes how many go, not whether any do.
    await page.keyboard.press('Delete')
    const { names, sparsity } = await set()
    assert.deepEqual([names.length, sparsity], [6, null])
    await send(page, planned({ problem: 'line 3: the bracket is never closed', modules: [] }))
    await page.getByText('the bracket is never closed').waitFor()
    assert.equal(await page.getByRole('slider').count(), 0)
    await page.getByRole('button', { name: 'Show the recipe' }).waitFor()
  })

  it('the difference is against the zeros there are, or one sparsity for all', async () => {
    await open()
    await send(page, settings, { ...shown, stats }, planned())
    await page.getByText('Difference', { exact: true }).click()
    const points = (share: number) => `${share < 0 ? '−' : '+'}${(100 * Math.abs(share)).toFixed(1)} points`
    const first = dense.findIndex(({ name }) => name.includes('layers.0.self_attn.q_proj.weight'))
    assert.ok((await cell().innerText()).includes(points(0.35 - stats[first].sparsity)), await cell().innerText())
    await page.getByRole('combobox', { name: 'Planned against' }).selectOption('uniform')
    const { modules } = recordedMap(model)
    const pruned = modules.filter(({ sparsity }) => sparsity !== null)
    const sum = (of: (m: (typeof modules)[0]) => number) => pruned.reduce((total, m) => total + of(m), 0)
    const uniform = sum((m) => m.parameters * (m.sparsity ?? 0)) / sum((m) => m.parameters)
    assert.ok((await cell().innerText()).includes(points(0.35 - uniform)), await cell().innerText())
    // Choice of colours and locks outlive a reload.
    await slider('block 0').focus()
    await page.keyboard.press('l')
    await send(page, { ...shown, stats }, planned())
    await page.getByRole('heading', { name: 'Planned minus uniform' }).waitFor()
    await page.getByRole('button', { name: 'Unlock all (6)' }).waitFor()
  })

  it('any method is measured in place, one block first, and stopped', async () => {
    await open()
    const methods = [
      { method: 'wanda', measured: 12, blocks: 12, seconds: 0 },
      { method: 'alps', measured: 0, blocks: 12, seconds: 240 },
    ]
    await send(page, settings, shown, planned(), { type: 'measurable', methods })
    await page.getByRole('button', { name: 'Measure ALPS here (about 4 min)' }).click()
    await page.getByRole('button', { name: 'One block first' }).click()
    const asked = (await posted(page)).filter(({ type }) => type === 'analyse')
    assert.deepEqual(asked, [
      { type: 'analyse', methods: ['alps'] },
      { type: 'analyse', methods: ['alps'], blocks: 1 },
    ])
    await page.getByRole('combobox', { name: 'Method to measure' }).selectOption('wanda')
    assert.ok(await page.getByRole('button', { name: 'Wanda is measured' }).isDisabled())
    await send(page, { type: 'analysis', update: { modules: [], loss: null, done: 3, total: 12 } })
    assert.equal(await page.getByRole('progressbar', { name: 'Measuring' }).getAttribute('value'), '0.25')
    await page.getByRole('button', { name: 'Stop' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'analyseCancel'))
  })

  it('a checkpoint with a mask is not offered to be pruned again without a word', async () => {
    await open()
    await send(page, settings, { ...shown, model: { ...model, hasMask: true } })
    await page.getByText('was pruned already and keeps its mask').waitFor()
  })

  it('nothing can be changed in an untrusted workspace', async () => {
    await open()
    const untrusted = { type: 'settings', settings: { ...recorded.settings, trusted: false } }
    await send(page, untrusted, shown, planned())
    await slider('block 0').focus()
    for (const key of ['ArrowRight', 'Delete', 'Enter']) await page.keyboard.press(key)
    await settled()
    assert.equal((await plans()).length, 0)
    assert.ok(await page.getByRole('slider', { name: 'Mean sparsity' }).isDisabled())
  })

  for (const theme of ['light', 'dark', 'highContrast', 'highContrastLight'] as const)
    for (const width of [1500, 600])
      it(`fits ${width} pixels in ${theme}`, async () => {
        await open({ theme, width })
        await send(page, settings, shown, planned())
        await page.getByText('Planned', { exact: true }).click()
        assert.ok((await tooWide(page)) <= 0)
        await keepPicture(page, `plan-${theme}-${width}`)
      })
})
