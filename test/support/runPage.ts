// The page of a run in a browser, and what tests look for in it.
import type { Locator, Page } from 'playwright-core'
import type { RunEvent } from '../../src/runs/series/events.ts'
import * as recorded from '../webview/harness/recorded.ts'
import { send } from './browser.ts'
import { chooseInMenu } from './figureMenu.ts'
import { viewPages } from './viewPages.ts'

export const settings = { type: 'settings', settings: { ...recorded.settings, smoothing: 0 } }
export const titles = {
  loss: 'Loss while retraining',
  perplexity: 'Perplexity along the recovery',
  errors: 'Error left after reconstruct, by block',
  chart: 'Cost of pruning, before and after recovery',
}

export function listing(status: string, others = 0) {
  const rest = Array.from({ length: others }, (_, i) => ({
    folder: `other ${i}`,
    name: `recipe ${i}`,
    time: '2026-12-30 10:00:00',
    status: 'done',
    started: 0,
  }))
  const current = { folder: 'a', name: 'wanda50', time: '2026-12-31 23:59:58', status, started: 0 }
  return { type: 'runs', current: 'a', runs: [current, ...rest] }
}
export const events = (list: readonly RunEvent[], folder = 'a', from = 0) => ({
  type: 'events',
  folder,
  from,
  events: list,
})
/** The events up to the n-th that is so. */
export function until(list: readonly RunEvent[], is: (event: RunEvent) => boolean, n = 1): RunEvent[] {
  const places = list.flatMap((event, i) => (is(event) ? [i] : []))
  return list.slice(0, places[n - 1] + 1)
}

/** Call it inside `describe`. */
export function runPages() {
  const pages = viewPages()
  return {
    async open(...messages: object[]): Promise<RunPage> {
      const page = await pages.open('run')
      page.setDefaultTimeout(30_000)
      await send(page, ...messages)
      return new RunPage(page)
    },
  }
}

export class RunPage {
  readonly page: Page

  constructor(page: Page) {
    this.page = page
  }

  chart(title: string): Locator {
    return this.page.getByRole('figure', { name: title })
  }

  ticks(title: string, axis: 'x' | 'y'): Promise<string[]> {
    return this.chart(title).locator(`.${axis}Tick`).allTextContents()
  }

  spoken(): Promise<string> {
    return this.page.locator('.srOnly[role=status]').innerText()
  }

  stages(): Locator {
    return this.page.getByRole('list', { name: 'Stages of the run' }).getByRole('listitem')
  }

  /** Cells of the bar of the n-th stage, and the share that is full. */
  bar(n: number): Promise<{ cells: string; share: string }> {
    return this.stages()
      .nth(n)
      .locator('.stageBar')
      .evaluate(({ style }: HTMLElement) => ({
        cells: style.getPropertyValue('--cells'),
        share: style.getPropertyValue('--share'),
      }))
  }

  /** Chooses one of the actions in the menu of the page's head. */
  act(entry: string): Promise<void> {
    return chooseInMenu(this.page.getByRole('button', { name: 'More actions' }), entry)
  }

  /** What the first recovery chart says. */
  async words(): Promise<string> {
    return (await this.page.locator('.recoveryCharts .say').first().innerText()).replaceAll('\u00a0', ' ')
  }

  /** Chooses an entry of a figure's menu. */
  choose(title: string, entry: string): Promise<void> {
    return chooseInMenu(this.page.getByRole('button', { name: `${title}: save, or change the view` }), entry)
  }
}
