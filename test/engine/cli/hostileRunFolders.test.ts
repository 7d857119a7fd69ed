// `run --resume` of run folders that someone else has prepared: one sentence and exit code 2, or the run goes on; never a
// change outside the folder, a stack, or a wait without end.
import assert from 'node:assert/strict'
import { cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { errorLine } from '../../../src/cli/command.ts'
import { version } from '../../../src/system/version.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { openCpu } from '../../../src/engine/compute/cpu/open.ts'
import { commandsBeside } from '../../support/besides.ts'
import { hostileRunFolders, type HostileCase } from '../../support/hostileRunFolders.ts'
import { forgetLock, onlyRun } from '../../support/killedRuns.ts'
import { tinyRecipe } from '../../support/recipes.ts'
import { run } from '../../support/runs.ts'
import { scratch } from '../../support/scratch.ts'
import { writeTinyIds, writeTinyModel } from '../../support/tinyModel.ts'

const data = 'ids.safetensors'
const recipe = tinyRecipe({
  recover: { mode: 'retrain', train: ['bias', 'norm'], steps: 6, lr: 1e-3, data, samples: 4, seq_len: 16 },
  save: { to: 'out' },
})
/** Far more than any takes, far less than for ever. */
const patienceMs = 120_000

const all = process.env.SPARSESCOPE_TORTURE === '1'

interface Ended {
  status: number | null
  stderr: string
}

/** Resumes as the command line does. */
async function resumeHere(backend: Backend, path: string): Promise<Ended> {
  try {
    await run(backend, { version, resume: path })
    return { status: 0, stderr: '' }
  } catch (error) {
    const { line, code } = errorLine(error)
    return { status: code, stderr: line }
  }
}

/** Every path below a folder with its contents, those of links included as they are written. */
function contents(folder: string, skip: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const item of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name)
    if (path === skip || path.startsWith(`${skip}/`)) continue
    found[relative(folder, path)] = item.isFile()
      ? readFileSync(path, 'latin1')
      : item.isDirectory()
        ? 'folder'
        : 'other'
  }
  return found
}

describe('a run folder of someone else', function () {
  this.timeout(900_000)
  let root = ''
  let template = ''
  let expected: Record<string, string> = {}
  let backend: Backend
  const beside = commandsBeside(patienceMs)

  before(async () => {
    backend = await openCpu({ threads: 2 })
    root = scratch().folder
    template = join(root, 'template')
    const place = scratch()
    await writeTinyModel(place.path('model'))
    writeTinyIds(place.path(data))
    // The copy looks as if the run was killed there: the training state is on the disk and steps are left.
    const onEvent = ({ type }: { type: string }) => {
      const begun = onlyRun(place.folder)
      if (type !== 'step' || existsSync(template) || !begun) return
      if (!existsSync(join(begun, 'state', 'training.safetensors'))) return
      cpSync(place.folder, template, { recursive: true })
    }
    const path = place.recipe('a', recipe)
    await run(backend, { recipe: path, onEvent: onEvent as never, pausePoint: () => sleep(150) })
    expected = contents(place.path('out'), '')
    forgetLock(onlyRun(template) ?? '')
    for (const name of readdirSync(template))
      if (name.includes('partial')) rmSync(join(template, name), { recursive: true })
  })
  after(async () => {
    beside.stop()
    await backend.close()
  })

  /** By the command line: in a process that can be killed, should it wait for a pipe. */
  async function resumeApart(folder: string, path: string): Promise<Ended> {
    const ended = await beside.cliIn(folder, 'run', '--resume', path, '--device', 'cpu')
    return ended ?? { status: null, stderr: 'it has no end' }
  }

  /** Cases that could wait for ever, and a sample of the rest; all with SPARSESCOPE_TORTURE=1. */
  const isApart = (what: string, index: number) => all || index % 6 === 0 || what.includes('pipe')

  async function attempt({ what, ends, make }: HostileCase, index: number): Promise<void> {
    const place = join(root, String(index))
    cpSync(template, join(place, 'work'), { recursive: true })
    const outside = join(place, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'precious'), 'of somebody else')
    const folder = onlyRun(join(place, 'work')) ?? ''
    make(folder, outside)
    const before = contents(place, folder)
    const { status, stderr } = await (isApart(what, index)
      ? resumeApart(join(place, 'work'), folder)
      : resumeHere(backend, folder))
    const said = `${what}: ${status}, ${stderr}`
    const after = contents(place, folder)
    if (ends === 'refused') {
      assert.equal(status, 2, said)
      assert.match(stderr.trim(), /(^|\n)sparsescope: [^\n]+$/, said)
    } else {
      assert.equal(status, 0, said)
      // The places of data stand in the note, and the folder is another one each time.
      const out = contents(join(place, 'work', 'out'), '')
      for (const name of Object.keys(expected))
        if (name !== 'sparsescope.json') assert.equal(out[name], expected[name], said)
      for (const name of Object.keys(after)) if (/^work\/out(\/|$)/.test(name)) delete after[name]
    }
    assert.doesNotMatch(stderr, /\n {4}at |internal error/, said)
    assert.deepEqual(after, before, said)
    assert.ok(!existsSync(join(folder, 'lock')) || !lstatSync(join(folder, 'lock')).isFile(), said)
    rmSync(place, { recursive: true, force: true })
  }

  it(`${hostileRunFolders.length} of them: each is refused with a message or resumed, and nothing outside is touched`, async () => {
    const wrong: string[] = []
    for (const [index, each] of hostileRunFolders.entries())
      await attempt(each, index).catch((error: Error) => wrong.push(error.message))
    assert.deepEqual(wrong, [])
  })
})
