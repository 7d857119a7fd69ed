// The runs of the workspace outside sweeps, and those that were opened, for views and trees. The state of a run is read
// from its folder (RunReader); for a run of this window, the status that the runner sets has priority.
import { basename } from 'node:path'
import { Emitter } from 'vscode-jsonrpc/node'
import { nameOfRun } from '../../runs/folder/sweepFolder.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import { RunsReader } from '../../runs/reader/runsReader.ts'
import { runName } from '../../formatting/paths.ts'
import type { RunListing } from '../../protocol/view.ts'

export class RunStore {
  private readonly reader = new RunsReader([])
  private readonly known = new Map<string, RunReader>()
  private readonly changed = new Emitter<readonly string[]>()
  /** Fires when runs were added, removed or changed, with their folders. */
  readonly onChange = this.changed.event

  constructor() {
    this.reader.onChange((changed) => {
      const runs = changed.map((index) => this.reader.runs[index])
      for (const run of runs) if (!isRun(run)) this.drop(run)
      this.changed.fire(runs.map(({ place }) => place.folder))
    })
  }

  /** Newest first. */
  list(): RunReader[] {
    return [...this.known.values()].filter(isRun).sort((a, b) => b.started - a.started)
  }

  listings(): RunListing[] {
    return this.list().map(({ place: { folder }, name, time, status, started }) => {
      return { folder, name, time, status, started }
    })
  }

  get(folder: string): RunReader | undefined {
    const run = this.known.get(folder)
    return run && isRun(run) ? run : undefined
  }

  /** Reads what the run folder says now. */
  async refresh(folder: string): Promise<RunReader | undefined> {
    const run = this.runAt(folder)
    await this.reader.lookAt(run)
    return this.get(folder)
  }

  /** Looks at all of them now. */
  look(): Promise<void> {
    return this.reader.look()
  }

  /** A run of this window begins or continues. */
  async begin(folder: string): Promise<void> {
    this.setHere(this.runAt(folder), 'running')
    await this.refresh(folder)
  }

  setPaused(folder: string, paused: boolean): void {
    const run = this.known.get(folder)
    if (run?.here) this.setHere(run, paused ? 'paused' : 'running')
  }

  /** The run has ended, or its process has stopped in the middle of it. */
  async end(folder: string): Promise<void> {
    this.setHere(this.runAt(folder), null)
    await this.refresh(folder)
  }

  forget(folder: string): void {
    const run = this.known.get(folder)
    if (!run) return
    this.drop(run)
    this.changed.fire([folder])
  }

  dispose(): void {
    this.reader.close()
  }

  private setHere(run: RunReader, here: RunReader['here']): void {
    run.here = here
    this.reader.tell(run)
  }

  private drop(run: RunReader): void {
    this.known.delete(run.place.folder)
    this.reader.remove(run)
  }

  private runAt(folder: string): RunReader {
    const run = this.known.get(folder) ?? this.reader.add({ name: nameOfRun(folder).name, settings: {}, folder })
    this.known.set(folder, run)
    return run
  }
}

/** False for a folder without events, which is not a run or has been removed. */
function isRun({ state, here }: RunReader): boolean {
  return state.hasSaid || here !== null
}

/** Name of a recipe by its path, or by the folder of its run. */
export function recipeName(path: string): string {
  return runName(basename(path).replace(/\.(prune\.)?(ya?ml|json)$/i, '')).name
}
