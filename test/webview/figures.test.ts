import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { answer, posted, send, type ViewName } from '../support/browser.ts'
import { chooseInMenu, figureMenus } from '../support/figureMenu.ts'
import { viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedMoves, recordedTraining } from './harness/recordedTraining.ts'

const model = recorded.recordedModel(6)
const stats = recorded.recordedStats(model)
const { tensors, changes, result } = recorded.recordedChanges(model)
const settings = { type: 'settings', settings: recorded.settings }
const tensor = model.tensors[2]

/** Messages, what is selected before saving, and how many figures the view offers at least. */
const views: { view: ViewName; messages: object[]; figures: number }[] = [
  {
    view: 'inspector',
    messages: [settings, { type: 'model', model, stats }, { type: 'select', name: tensor.name }],
    figures: 4,
  },
  {
    view: 'compare',
    messages: [
      settings,
      { type: 'models', a: { path: '/a', label: 'a' }, b: { path: '/b', label: 'b' } },
      { type: 'progress', progress: { tensors, changes, done: tensors.length, total: tensors.length } },
      { type: 'result', result },
    ],
    figures: 1,
  },
  { view: 'trainable', messages: [settings, recordedTraining(model), recordedMoves(model, 2)], figures: 1 },
  {
    view: 'run',
    messages: [
      {
        type: 'runs',
        current: 'a',
        runs: [{ folder: 'a', name: 'wanda50', time: '', status: 'done', started: 0 }],
      },
      settings,
      { type: 'events', folder: 'a', from: 0, events: recorded.recordedRun(6) },
    ],
    figures: 3,
  },
]

describe('figures in Chromium', () => {
  const pages = viewPages()
  let page: Page
  afterEach(() => page?.close())

  for (const { view, messages, figures } of views)
    it(`${view}: each saves as SVG and as PNG of twice its size, on white, titled, without marks of a selection`, async () => {
      page = await pages.open(view)
      await answer(page, 'tile', recorded.recordedTile(64, 64, false))
      await answer(page, 'detail', recorded.recordedDetail(tensor, stats[2]))
      await send(page, ...messages)
      const buttons = (kind: string) =>
        page.getByRole('button', { name: new RegExp(`^Save .* as ${kind}$`) }).filter({ visible: true })
      const menus = figureMenus(page)
      const [single, withMenu] = [await buttons('SVG').count(), await menus.count()]
      const count = single + withMenu
      assert.ok(count >= figures, `${count} figures`)
      for (const kind of ['SVG', 'PNG']) {
        for (let i = 0; i < single; i++) await buttons(kind).nth(i).click()
        for (let i = 0; i < withMenu; i++) await chooseInMenu(menus.nth(i), `Save as ${kind}`)
      }
      const exports = await eventually(async () => {
        const all = (await posted(page)).filter(({ type }) => type === 'export')
        return all.length === 2 * count ? all : null
      })
      const vectors = exports.filter(({ encoding }) => encoding === 'utf8')
      for (const { name, content } of vectors) {
        const text = String(content)
        const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(text) ?? []
        assert.match(text, /<rect[^>]* fill="(#ffffff|#fff|white)"/, String(name))
        assert.match(text, /<text[^>]*font-weight="600"/, String(name))
        // The pixels of a matrix may spell anything.
        const words = text.replace(/data:image[^"]*/, '')
        assert.doesNotMatch(words, /NaN|undefined|selected|cursor|var\(--/, String(name))
        const picture = exports.find((other) => other.name === String(name).replace(/svg$/, 'png'))
        const bytes = Buffer.from(String(picture?.content), 'base64')
        const wanted = [2 * Math.floor(Number(width)), 2 * Math.floor(Number(height))]
        assert.ok(
          Math.abs(bytes.readUInt32BE(16) - wanted[0]) <= 2 && Math.abs(bytes.readUInt32BE(20) - wanted[1]) <= 2,
        )
        if (process.env.SCREENSHOTS) writeFileSync(`${process.env.SCREENSHOTS}/${view}-${String(name)}.png`, bytes)
      }
    })

  async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
    for (;;) {
      const found = await ask()
      if (found !== null) return found
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    }
  }
})
