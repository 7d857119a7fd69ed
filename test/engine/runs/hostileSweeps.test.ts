// Folders of sweeps that someone else has prepared, and everything that reads or writes them.
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError } from '../../../src/engine/errors.ts'
import { readRuns } from '../../../src/engine/sweep/compareRuns.ts'
import {
  findOrCreateSweep,
  findSweep,
  type Sweep,
  sweepTable,
  writeTable,
} from '../../../src/engine/sweep/openSweep.ts'
import { runOfSweep } from '../../../src/engine/sweep/runOfSweep.ts'
import { isSubmitted } from '../../../src/engine/sweep/slurm.ts'
import { EventFeed } from '../../../src/extension/runs/eventFeed.ts'
import { RunStore } from '../../../src/extension/runs/runStore.ts'
import { Sweeps } from '../../../src/extension/sweeps/sweeps.ts'
import { runFolderAt } from '../../../src/runs/folder/runFolder.ts'
import { sweepFolderAt } from '../../../src/runs/folder/sweepFolder.ts'
import { isHeld } from '../../../src/runs/lock/lock.ts'
import { isDone } from '../../../src/runs/reader/report.ts'
import { cancelRuns, forgetCancelled, forgetRefused, noteRefused } from '../../../src/runs/runStatus.ts'
import { madeOnce } from '../../../src/runs/sharedWork.ts'
import { hostileSweepFolders } from '../../support/hostileSweepFolders.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'
import { onlySweep, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

const said = [
  { t: 0, type: 'start', name: '1', model: 'm', device: 'cpu', description: 'cpu', version: '1', blocks: 1 },
  { t: 1, type: 'step', step: 1, loss: 2, lr: 0.1, tokens_per_second: 5 },
  { t: 2, type: 'end', status: 'done' },
]

describe('a sweep’s folder of someone else', function () {
  this.timeout(900_000)
  let root = ''
  let place: Scratch
  before(async () => {
    place = await sweepPlace()
    root = scratch().folder
    const recipe = place.recipe('a', sweptRecipe({ 'prune.0.sparsity': [0.4, 0.6] }))
    const { folder } = (await findOrCreateSweep({ path: recipe, settings: [] })).sweep
    for (const index of [0, 1]) {
      const run = runFolderAt(join(folder.runs, String(index)))
      mkdirSync(run.state, { recursive: true })
      writeFileSync(run.recipe, '{}')
      writeFileSync(run.events, said.map((event) => `${JSON.stringify(event)}\n`).join(''))
      writeFileSync(run.report, '{"status": "done"}')
    }
    for (const path of [folder.shared, folder.refused, folder.slurm]) mkdirSync(path)
    writeFileSync(join(folder.refused, '1.txt'), 'no room')
  })

  /**
   * Everything that this program does with a sweep's folder, by name. What takes a lock takes a thread: it is tried where the case
   * is of its own files.
   */
  function doers(folder: string, what: string): Record<string, () => Promise<unknown>> {
    const at = sweepFolderAt(folder)
    const run = join(at.runs, '1')
    const opened = async (use: (sweep: Sweep) => Promise<unknown>) =>
      use(await findSweep({ path: folder, settings: [] }))
    return {
      'the table of the command line': () => opened((sweep) => sweepTable(sweep, 'local')),
      'the table that is written': () => opened((sweep) => writeTable(sweep, 'local')),
      'a comparison': () => readRuns([folder]),
      'a comparison of its runs': () => readRuns([run, join(at.runs, '0')]),
      'whether Slurm has it': () => opened(async (sweep) => isSubmitted(sweep)),
      ...(/^(runs|refused|lock)/.test(what) && {
        'a run of it': () => opened((sweep) => runOfSweep(sweep, 1, { version: '1', openBackend: noBackend })),
      }),
      'the view of it': async () => {
        const sweeps = new Sweeps(() => Promise.resolve(new Set()))
        try {
          const { runs } = await sweeps.openFolder(folder)
          await runs.look()
        } finally {
          sweeps.dispose()
        }
      },
      'the list of runs': () => new RunStore().refresh(run),
      'the view of a run': () => new EventFeed(run, () => undefined).replay(),
      'whether a run is held': () => isHeld(run),
      'whether a run is done': () => isDone(runFolderAt(run)),
      'a note of a refusal': () => noteRefused(at, 1, 'why'),
      'a refusal forgotten': () => forgetRefused(at, 1),
      'a cancelled run': () => cancelRuns(at, [1]),
      'cancelled runs forgotten': () => forgetCancelled(at),
      ...(what.startsWith('shared') && { 'what runs share': () => share(at.path, at.shared) }),
    }
  }
  const share = (path: string, shared: string) =>
    madeOnce({
      ...{ root: path, folder: join(shared, 'key'), wait: true, lookEveryMs: 10 },
      take: () => Promise.resolve(existsSync(join(shared, 'key', 'made')) || null),
      make: async () => {
        writeFileSync(join(shared, 'key', 'made'), '')
        return true
      },
    })
  const noBackend = () => Promise.reject(new EngineError('unsupported', 'no device is needed for what is refused'))

  const contents = (folder: string) =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')])

  it(`${hostileSweepFolders.length} of them: readers and writers continue or say why not, and touch nothing outside`, async () => {
    const wrong: string[] = []
    for (const [index, { what, make }] of hostileSweepFolders.entries()) {
      const work = join(root, String(index))
      const outside = join(work, 'outside')
      cpSync(place.folder, join(work, 'place'), { recursive: true })
      mkdirSync(outside)
      for (const name of ['precious', '1.txt']) writeFileSync(join(outside, name), 'of somebody else')
      const folder = onlySweep({ ...place, folder: join(work, 'place') }) ?? ''
      make(folder, outside)
      const before = contents(outside)
      for (const [who, does] of Object.entries(doers(folder, what))) {
        const error: unknown = await does().then(
          () => null,
          (caught: unknown) => caught,
        )
        if (error !== null && !(error instanceof EngineError && error.code !== 'internal'))
          wrong.push(`${what}, ${who}: ${String(error)}`)
      }
      if (JSON.stringify(contents(outside)) !== JSON.stringify(before)) wrong.push(`${what}: changed outside`)
      rmSync(work, { recursive: true, force: true })
    }
    assert.deepEqual(wrong, [])
  })
})
