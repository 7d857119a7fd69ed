// Names and paths as a Hub's cache has them, in a window of 600 pixels: text wraps, and no page scrolls sideways.
import assert from 'node:assert/strict'
import { send, type ViewName } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedTraining } from './harness/recordedTraining.ts'
import { recordedStart } from './harness/recordedForm.ts'
import { recordedRows, recordedWhat } from './harness/recordedSweep.ts'

const hash = '12fd25f77366fa6b3b4b768ec3050bf629380bac'
const place = `/home/somebody/.cache/huggingface/hub/models--HuggingFaceTB--SmolLM2-135M/snapshots/${hash}`
const file = `${place}/model.safetensors`
const settings = { type: 'settings', settings: recorded.settings }
const model = recorded.recordedModel(12)
const run = { folder: 'a', name: 'wanda50', time: '2026-12-31 23:59:58', status: 'failed', started: 0 }
const message = `cannot write ${file}: the disk is full; free some space or choose another place`

const scenes: readonly [ViewName, string, readonly object[]][] = [
  ['run', 'loading', [settings, { type: 'loading', what: `Reading ${file}` }]],
  ['run', 'failed to open', [settings, { type: 'failed', message }]],
  [
    'run',
    'failed',
    [
      { type: 'runs', current: 'a', runs: [run] },
      settings,
      {
        type: 'events',
        folder: 'a',
        from: 0,
        events: [
          ...recorded.recordedRun(12).filter(({ type }) => type !== 'end' && type !== 'saved'),
          { type: 'end', t: 5000, status: 'failed', message },
        ],
      },
    ],
  ],
  [
    'sweep',
    'about',
    [
      settings,
      { type: 'compared', what: { ...recordedWhat, about: `2026-12-31 · ${file}` }, rows: recordedRows(2, 1) },
    ],
  ],
  ['recipe', 'problem', [settings, { type: 'start', ...recordedStart([file]) }]],
  [
    'trainable',
    'model',
    [settings, recordedTraining(model, 'recipe', { ...recorded.recordedPlan(model), model: file })],
  ],
  ['compare', 'models', [settings, { type: 'models', a: { path: file, label: file }, b: { path: file, label: file } }]],
  ['inspector', 'failed', [settings, { type: 'failed', message }]],
]

describe('long paths in a narrow window', () => {
  const pages = viewPages()
  for (const [view, what, messages] of scenes)
    it(`${view}, ${what}`, async () => {
      const page = await pages.open(view, { theme: 'light', width: 600 })
      await send(page, ...messages)
      assert.ok((await tooWide(page)) <= 0, `${await tooWide(page)} px too wide`)
      await keepPicture(page, `long-${view}-${what.replaceAll(' ', '-')}`)
    })
})
