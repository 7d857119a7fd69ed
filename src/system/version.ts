// The version in package.json.
import { existsSync, readFileSync } from 'node:fs'

/** package.json is above dist/, and two folders above this file when it runs unbundled. */
const file = ['../package.json', '../../package.json']
  .map((path) => new URL(path, import.meta.url))
  .find((url) => existsSync(url))

/** Version of the program. */
export const version = file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown'
