// The built command line, run as a person would.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export const entry = fileURLToPath(new URL('../../dist/cli.mjs', import.meta.url))

export interface CliResult {
  status: number | null
  stdout: string
  stderr: string
}

/** @throws when the command line is not built. */
export function cli(...args: string[]): CliResult {
  return cliIn(process.cwd(), ...args)
}

/** The same in a folder. */
export function cliIn(cwd: string, ...args: string[]): CliResult {
  if (!existsSync(entry)) throw new Error('dist/cli.mjs is missing: run `npm run build` first')
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  return { status, stdout, stderr }
}

/** The one JSON object on stdout. */
export function cliJson(...args: string[]): Record<string, unknown> {
  const { status, stdout, stderr } = cli(...args, '--json')
  if (status !== 0 && status !== 3) throw new Error(`exit code ${status}: ${stderr}`)
  return JSON.parse(stdout) as Record<string, unknown>
}

/** While this process goes on, as a server that the command line asks; `started` gets it to send signals. */
export async function cliBeside(
  env: NodeJS.ProcessEnv,
  args: string[],
  started: (child: ChildProcess) => void = () => undefined,
): Promise<CliResult> {
  const child = spawn(process.execPath, [entry, ...args], { env: { ...process.env, ...env } })
  started(child)
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ])
  return { status, stdout, stderr }
}
