// The sweeps of the workspace, each opened once and followed; trees and views share them.
import { basename } from 'node:path'
import { Emitter } from 'vscode-jsonrpc/node'
import { runName } from '../../formatting/paths.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { plannedRecipes } from '../../runs/folder/recipes.ts'
import { readPlan, runPathOf, sweepFolderAt } from '../../runs/folder/sweepFolder.ts'
import { outsideSweep, readSweepSigns, type SweepSigns } from '../../runs/runStatus.ts'

export interface Sweep {
  readonly folder: string
  /** Name of the recipe. */
  readonly name: string
  /** Local time at which it was planned; empty for a folder with a name of its own. */
  readonly time: string
  readonly started: number
  readonly runs: RunsReader
}

/** Asks which runs of a sweep its engine has yet to start; for a sweep on a cluster, only the cluster knows. */
export type AskQueued = (folder: string) => Promise<ReadonlySet<number>>

export class Sweeps {
  private readonly known = new Map<string, Promise<Sweep>>()
  private readonly open = new Map<string, Sweep>()
  private readonly changed = new Emitter<void>()
  /** Fires when sweeps were added or removed, or the state of a run changed. */
  readonly onChange = this.changed.event
  private search: () => Promise<void> = () => Promise.resolve()

  constructor(private readonly askQueued: AskQueued) {}

  /** Sets the search of the workspace that finds sweeps, and starts it. */
  searchedBy(search: () => Promise<void>): void {
    this.search = search
    void this.find()
  }

  /** Searches the workspace again: watchers miss files from before their start. */
  find(): Promise<void> {
    return this.search()
  }

  /** `list` after a search: watchers miss a sweep whose folder was made together with the folders above it. */
  async found(): Promise<Sweep[]> {
    await this.find()
    return this.list()
  }

  /** Newest first. */
  list(): Sweep[] {
    return [...this.open.values()].sort((a, b) => b.started - a.started || a.folder.localeCompare(b.folder))
  }

  /** @throws Error with a message for the user when it is not a sweep's folder. */
  openFolder(folder: string): Promise<Sweep> {
    const known = this.known.get(folder)
    if (known) return known
    const opening = this.read(folder)
    this.known.set(folder, opening)
    opening.catch(() => this.known.delete(folder))
    return opening
  }

  forget(folder: string): void {
    this.known.delete(folder)
    const sweep = this.open.get(folder)
    if (!sweep) return
    sweep.runs.close()
    this.open.delete(folder)
    this.changed.fire()
  }

  /** Looks at a sweep after something was written there, by its run `index` if given. A sweep that is not open is ignored. */
  lookAt(folder: string, index?: number): void {
    const runs = this.open.get(folder)?.runs
    if (index === undefined) return void runs?.look()
    const run = runs?.runs.at(index)
    if (run) void runs?.lookAt(run)
  }

  /** Signs of its runs outside their folders; none if they are damaged, which the command line reports. */
  async signsOf(folder: string): Promise<(index: number) => SweepSigns> {
    return readSweepSigns(sweepFolderAt(folder), await this.askQueued(folder)).catch(() => () => outsideSweep)
  }

  /** Looks at all of them now. */
  async refresh(): Promise<void> {
    await Promise.all(this.list().map(({ runs }) => runs.look()))
  }

  dispose(): void {
    for (const { runs } of this.open.values()) runs.close()
  }

  private async read(folder: string): Promise<Sweep> {
    const at = sweepFolderAt(folder)
    const plan = await readPlan(at)
    const recipes = await plannedRecipes(at, plan)
    const places = plan.runs.map(({ index, name, settings }) => {
      return { name, settings, folder: runPathOf(at, index), recipe: recipes[index] }
    })
    const runs = new RunsReader(places, () => this.signsOf(folder))
    const sweep: Sweep = { folder, ...runName(basename(folder)), runs }
    runs.onChange(() => this.changed.fire())
    this.open.set(folder, sweep)
    this.changed.fire()
    void runs.look()
    return sweep
  }
}
