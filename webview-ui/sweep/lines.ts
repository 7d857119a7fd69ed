// Lines of the table: entries, and where they stand below their models the models' names.
import type { Entry } from './entries.ts'

export interface Heading {
  readonly heading: string
  readonly count: number
}

export type Line = Entry | Heading

export const isHeading = (line: Line): line is Heading => 'heading' in line

/** Each model by its name, with its entries in their order. */
export function grouped(entries: readonly Entry[]): Line[] {
  const models = [...new Set(entries.map(({ facts }) => facts.model))].sort()
  return models.flatMap((model) => {
    const own = entries.filter(({ facts }) => facts.model === model)
    return [{ heading: model || 'model not known', count: own.length }, ...own]
  })
}
