// VS Code replaces variables in tasks, and `${command:…}` runs a command: no name of a file reaches one.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { RunTasks } from '../../../src/extension/runs/runTasks.ts'
import type { folderNote, sweepTask } from '../../../src/extension/sweeps/sweepTask.ts'
import { extensionModule } from '../../support/extensionModule.ts'
import { onlySweep, sweep, sweepPlace, sweptRecipe } from '../../support/sweeps.ts'

const hostile = '/w/${command:workbench.action.quit}.prune.yaml'
const inHostileFolder = '/w/${input:x}/a.prune.yaml'
const harmless = '/w/a $b {c}.prune.yaml'
const uri = (fsPath: string) => ({ fsPath })

/** What VS Code is asked to run, by the arguments of its process. */
function fakeVscode(found: string[] = []) {
  const started: string[][] = []
  const running = {}
  class ProcessExecution {
    constructor(_process: string, args: string[]) {
      started.push(args)
    }
  }
  class Task {
    readonly definition: object
    constructor(definition: object) {
      this.definition = definition
    }
  }
  const vscode = {
    l10n: { t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, i) => values[Number(i)] ?? '') },
    ProcessExecution,
    CustomExecution: class {},
    Task,
    TaskScope: {},
    TaskGroup: {},
    TaskRevealKind: {},
    TaskPanelKind: {},
    EventEmitter: class {},
    workspace: {
      getWorkspaceFolder: () => ({ uri: uri('/w') }),
      asRelativePath: ({ fsPath }: { fsPath: string }) => fsPath.slice('/w/'.length),
      findFiles: async () => found.map(uri),
    },
    tasks: {
      executeTask: async () => running,
      onDidEndTaskProcess: (listener: (end: object) => void) => {
        setImmediate(() => listener({ execution: running, exitCode: 0 }))
        return { dispose() {} }
      },
    },
  }
  return { vscode, started }
}

describe('a task of VS Code', () => {
  it('refuses a sweep whose path VS Code would expand, and says what to do', async () => {
    const { vscode, started } = fakeVscode()
    const { sweepTask: start } = await extensionModule<{ sweepTask: typeof sweepTask }>('sweeps/sweepTask.ts', {
      vscode,
    })
    const services = {
      call: async () => null,
      supervisor: { state: { kind: 'ready', runtime: { path: 'node', origin: 'path' } } },
      extensionUri: uri('/e'),
    } as unknown as Parameters<typeof sweepTask>[0]
    const run = (path: string) => start(services, uri(path) as Parameters<typeof sweepTask>[1], [])
    for (const path of [hostile, inHostileFolder])
      await assert.rejects(run(path), ({ message }: Error) => message.startsWith(path) && /Rename/.test(message))
    assert.deepEqual(started, [])
    const { folder, ended } = await run(harmless)
    assert.deepEqual(await Promise.all([folder, ended]), [null, 0])
    assert.deepEqual(
      started.map((args) => args[3]),
      [harmless],
    )
  })

  it('is offered for every recipe whose path VS Code leaves as it is', async () => {
    const { vscode } = fakeVscode([hostile, harmless, inHostileFolder])
    const { RunTasks: Tasks } = await extensionModule<{ RunTasks: typeof RunTasks }>('runs/runTasks.ts', { vscode })
    const tasks = await new Tasks(...([{}, {}] as unknown as ConstructorParameters<typeof RunTasks>)).provideTasks()
    assert.deepEqual(
      tasks.map(({ definition }) => definition.recipe as string),
      ['a $b {c}.prune.yaml'],
    )
  })
})

// What the editor learns of a sweep that it has started in a terminal: from the command line itself.
describe('the folder of a sweep that was started', () => {
  let task: { folderNote: typeof folderNote }
  before(async () => (task = await extensionModule('sweeps/sweepTask.ts', { vscode: { l10n: { t: String } } })))

  it('is what the command says, once, and the note goes with it', async () => {
    const [note, other] = [await task.folderNote(), await task.folderNote()]
    assert.notEqual(note.path, other.path)
    let isOver = false
    const told = note.read(() => isOver)
    writeFileSync(note.path, '/a/sweep')
    assert.equal(await told, '/a/sweep')
    assert.equal(existsSync(dirname(note.path)), false)
    isOver = true
    assert.equal(await other.read(() => isOver), null)
    assert.equal(existsSync(dirname(other.path)), false)
  })

  it('is printed by the command line before the first run begins, also of a resumed sweep', async () => {
    const place = await sweepPlace()
    const recipe = place.recipe('a', sweptRecipe({ seed: [0, 1] }))
    const say = async (path: string, status: number, ...more: string[]) => {
      const note = await task.folderNote()
      assert.equal(
        (await sweep(place, 'run', path, '--device', 'cpu', '--tell-folder', note.path, ...more)).status,
        status,
      )
      return note.read(() => true)
    }
    // It cannot begin, and the folder is told all the same.
    const folder = await say(recipe, 2, '--index', '0', '--device', 'wgpu', '--adapter', 'none such')
    assert.ok(folder)
    assert.equal(folder, onlySweep(place))
    assert.doesNotMatch(readFileSync(`${folder}/sweep.json`, 'utf8'), /done/)
    assert.equal(await say(folder, 0), folder)
    assert.match(readFileSync(`${folder}/sweep.json`, 'utf8'), /done/)
  })
})
