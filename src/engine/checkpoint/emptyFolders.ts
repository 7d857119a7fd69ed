// Takes back folders that were made for nothing.
import { rmdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** Removes folders from `folder` up to `top`, the first one that `mkdir` made, as long as they are empty. */
export function removeEmpty(folder: string, top: string | undefined): void {
  if (top === undefined) return
  for (let at = folder; at.startsWith(top); at = dirname(at)) {
    try {
      rmdirSync(at)
    } catch {
      return
    }
  }
}
