// Files and folders that came, looked at together when they pause: writing a checkpoint, or installing packages, makes
// thousands of events. It knows nothing of VS Code.

export interface ArrivalOptions {
  /** Whether the name alone says that the models may have changed. */
  readonly matters: (path: string) => boolean
  readonly isFolder: (path: string) => Promise<boolean>
  readonly changed: () => void
  readonly quietMs: number
}

/** More than these are not looked at one by one: among them is a folder. */
const mostLookedAt = 256

export class Arrivals {
  private readonly options: ArrivalOptions
  private readonly paths = new Set<string>()
  private timer: NodeJS.Timeout | undefined

  constructor(options: ArrivalOptions) {
    this.options = options
  }

  add(path: string): void {
    if (this.paths.size <= mostLookedAt) this.paths.add(path)
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.look(), this.options.quietMs)
  }

  dispose(): void {
    clearTimeout(this.timer)
  }

  private async look(): Promise<void> {
    const { matters, isFolder, changed } = this.options
    const paths = [...this.paths]
    this.paths.clear()
    if (paths.length > mostLookedAt || paths.some(matters)) return changed()
    for (const path of paths) if (await isFolder(path)) return changed()
  }
}
