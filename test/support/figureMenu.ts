// The menu of a figure, as a person uses it.
import type { Locator, Page } from 'playwright-core'

/** The buttons with three dots that are in sight. */
export function figureMenus(within: Page | Locator): Locator {
  return within.getByRole('button', { name: /: save, or change the view$/ }).filter({ visible: true })
}

/** Chooses an entry, such as "Save as SVG", of the menu that the button opens. */
export async function chooseInMenu(button: Locator, entry: string): Promise<void> {
  await button.click()
  await button.page().getByRole('menu').getByText(entry, { exact: true }).click()
}
