// Places of data that tests compare with: small data is in test/fixtures, the rest beside the repository.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A path under ../shared, or null when it is not there. */
export function sharedPath(...parts: string[]): string | null {
  const path = join(root, '..', 'shared', ...parts)
  return existsSync(path) ? path : null
}

/** A golden, committed under test/fixtures/goldens. @throws when it is missing: a test without it would check nothing. */
export function goldenPath(...parts: string[]): string {
  const path = join(root, 'test', 'fixtures', 'goldens', ...parts)
  if (!existsSync(path)) throw new Error(`the fixture ${path} is missing: it is committed, restore it with git`)
  return path
}
