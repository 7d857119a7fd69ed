// The extension's own command line, for what takes no computing: `sweep status`, `sweep cancel`, `report`. Run by the
// extension host's Node.
import * as vscode from 'vscode'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Output of a command with `--json`. @throws Error with the command's message for people. */
export async function commandLine(extension: vscode.Uri, args: readonly string[]): Promise<unknown> {
  const cli = join(extension.fsPath, 'dist', 'cli.mjs')
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' }
  try {
    const run = promisify(execFile)
    const { stdout } = await run(process.execPath, [cli, ...args, '--json'], { env, maxBuffer: 2 ** 28 })
    return JSON.parse(stdout)
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string }
    throw new Error(stderr.trim() || String(error), { cause: error })
  }
}
