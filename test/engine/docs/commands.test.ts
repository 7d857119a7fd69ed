// Every command of the documents runs as it is written, one after the other, in a folder with the sample beside it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { commands } from '../../../src/cli/program.ts'
import { cliIn } from '../../support/cli.ts'
import { commandsOf, documents, fencesOf, isRecipe, root, type Fence } from '../../support/documents.ts'
import { scratch } from '../../support/scratch.ts'
import { cannot } from '../../support/skip.ts'

/** The recipe with one step of training on as little text as lint takes, so that a test has the time for it. */
function cut(recipe: string): string {
  return recipe
    .replace(/\bsteps: \d+/g, 'steps: 1')
    .replace(/\bsamples: \d+/g, 'samples: 32')
    .replace(/\bseq_len: \d+/g, 'seq_len: 64')
}

/** The sample as a clone has it, with less text. */
function copySample(folder: string): void {
  const from = join(root, 'samples')
  mkdirSync(join(folder, 'text'), { recursive: true })
  for (const model of ['opt', 'llama']) cpSync(join(from, model), join(folder, model), { recursive: true })
  for (const name of readdirSync(from).filter((name) => name.endsWith('.prune.yaml')))
    writeFileSync(join(folder, name), cut(readFileSync(join(from, name), 'utf8')))
  writeFileSync(join(folder, 'text/train.jsonl'), readFileSync(join(from, 'text/train.jsonl')))
  writeFileSync(join(folder, 'text/evaluation.txt'), readFileSync(join(from, 'text/evaluation.txt')).subarray(0, 2000))
}

/** A folder with the sample. */
function makePlace(): string {
  const folder = scratch().folder
  copySample(join(folder, 'samples'))
  return folder
}

/** The arguments as a shell makes them of each line. */
function argumentsOf(folder: string, lines: readonly string[]): string[][] {
  const script = `exec 3>&1; sparsescope() { printf '%s\\0' "$@" '\n' >&3; }\n${lines.join('\n')}`
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' })
  assert.equal(status, 0, `${lines.join('\n')}: ${stderr}`)
  const commands = stdout.split('\n\0').slice(0, -1)
  assert.equal(commands.length, lines.length)
  return commands.map((one) => one.split('\0').slice(0, -1))
}

class Parsed extends Error {}

/** Parses as far as the action: by then names, options and values are checked. */
async function assertParses(line: readonly string[]): Promise<void> {
  const program = new Command().exitOverride().hook('preAction', () => {
    throw new Parsed()
  })
  for (const command of commands) program.addCommand(command)
  await assert.rejects(program.parseAsync(line, { from: 'user' }), Parsed)
}

async function follow(folder: string, fence: Fence): Promise<void> {
  if (fence.file) writeFileSync(join(folder, fence.file), cut(fence.text))
  const lines = commandsOf(fence)
  if (lines.length === 0) return
  if (fence.notRun !== null) {
    for (const args of argumentsOf(folder, lines)) await assertParses(args)
    return
  }
  for (const line of lines) {
    assert.doesNotMatch(line, /[|<>]/, 'a command runs in the process of this test, which has no shell around it')
    // One at a time: its patterns may name what the command before it wrote.
    const [args] = argumentsOf(folder, [line])
    const { status, stdout, stderr } = await cliIn(folder, ...args)
    assert.equal(status, 0, `${line}\n${stdout}\n${stderr}`)
  }
}

describe('the commands of the documents', () => {
  for (const document of documents.filter((name) => fencesOf(name).some((fence) => commandsOf(fence).length > 0)))
    it(`run as they are written in ${document}`, async function () {
      if (process.platform === 'win32') cannot(this, 'its commands are written for a POSIX shell')
      const folder = makePlace()
      for (const fence of fencesOf(document)) await follow(folder, fence)
    })

  it('say why where they are not run', () => {
    const unrun = documents.flatMap((document) => fencesOf(document).filter(({ notRun }) => notRun !== null))
    assert.ok(
      unrun.every(
        (fence) => (isRecipe(fence) || commandsOf(fence).length > 0) && (fence.notRun ?? '').startsWith('needs '),
      ),
    )
  })
})
