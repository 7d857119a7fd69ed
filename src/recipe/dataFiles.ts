// `data` of calibration and training: one file, or several that the windows come from in equal parts.

/** As written: relative to the recipe. */
export type DataFiles = string | string[]

export const mostFiles = 16

export function filesOf(data: DataFiles | undefined): string[] {
  return data === undefined ? [] : [data].flat()
}

/** The same form with every path changed. */
export function mapFiles(data: DataFiles, change: (path: string) => string): DataFiles {
  return Array.isArray(data) ? data.map(change) : change(data)
}

/** How many of `samples` windows come from the `index`-th of `files` files: if they do not divide evenly, the first files give one more. */
export function evenShare(samples: number, files: number, index: number): number {
  return Math.floor(samples / files) + (index < samples % files ? 1 : 0)
}
