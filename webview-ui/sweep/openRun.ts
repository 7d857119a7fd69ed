import type { Entry } from './entries.ts'
import { host } from './host.ts'

/** The first of several seeds that has a folder. */
export function open({ runs }: Pick<Entry, 'runs'>): void {
  const run = runs.find(({ isBegun }) => isBegun)
  if (run) host.post({ type: 'openRun', run: run.index })
}
