// Put into every document of the window before its own scripts: records when what the user waits for is there.

export interface Watched {
  readonly watched: {
    /** Milliseconds since 1970, the only clock that frames of different origins share. */
    opened: number
    /** The page's heading stands, the map's first row has its colours, and all of its cells have. */
    page?: number
    firstRow?: number
    allCells?: number
    /** Milliseconds from the latest key to the changed table, squiggle, lenses; null: they have not changed. */
    changed: Record<'table' | 'squiggle' | 'lens', number | null>
  }
}

/** Self-contained: its text is what the documents run. */
export function watchFrames(): void {
  const now = () => performance.timeOrigin + performance.now()
  const watched: Watched['watched'] = { opened: 0, changed: { table: null, squiggle: null, lens: null } }
  Object.assign(globalThis, { watched })

  /** Only a map's cells have a title; those without a value are hatched. */
  const countCells = () => {
    const cells = [...document.querySelectorAll('.grid rect:has(> title)')]
    if (cells.length === 0 || watched.allCells !== undefined) return
    const filled = cells.filter((cell) => cell.getAttribute('fill') !== 'url(#notComputed)').length
    const columns = Number(document.querySelector('.grid')?.getAttribute('aria-colcount'))
    if (filled >= columns) watched.firstRow ??= now()
    if (filled === cells.length) watched.allCells = now()
  }

  let key = 0
  let root: Element | null = null
  const texts = new Map<string, string>()
  const look = () => {
    // VS Code writes a view's document anew, without the listeners that were there.
    if (root !== document.documentElement) {
      root = document.documentElement
      addEventListener('dblclick', () => (watched.opened = now()), true)
      addEventListener(
        'keydown',
        () => ((key = now()), (watched.changed = { table: null, squiggle: null, lens: null })),
        true,
      )
    }
    if (document.querySelector('main h1')) watched.page ??= now()
    countCells()
    const textOf = (selector: string) => [...document.querySelectorAll(selector)].map((one) => one.textContent).join()
    const parts = {
      table: textOf('.filter [aria-live]'),
      squiggle: String(document.querySelector('.squiggly-error') !== null),
      lens: textOf('.codelens-decoration'),
    }
    for (const [name, text] of Object.entries(parts) as ['lens', string][]) {
      if (texts.get(name) !== text) watched.changed[name] ??= now() - key
      texts.set(name, text)
    }
  }
  setInterval(look, 8)
}
