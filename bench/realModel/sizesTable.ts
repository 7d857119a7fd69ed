// README's table of results: one row for each recipe, one column for each model. Its figures are those of published.json.
import { readFileSync } from 'node:fs'

interface Published {
  readonly perplexity: number
  /** The least and the largest of three seeds; without it there is one seed, or nothing is drawn at random. */
  readonly range?: readonly [number, number]
  /** Processor minutes of one thread, from the dense model to the saved one. */
  readonly minutes?: number
  readonly mebibytes?: number
}

export interface Publication {
  /** Titles by the row's name in rows.ts. */
  readonly rows: Readonly<Record<string, string>>
  readonly models: readonly {
    readonly model: string
    /** Anchor of its table in bench/RESULTS.md. */
    readonly section: string
    readonly results: Readonly<Record<string, Published>>
  }[]
}

export const published = JSON.parse(readFileSync(new URL('published.json', import.meta.url), 'utf8')) as Publication

const marks = /<!-- sizes -->[\s\S]*?<!-- \/sizes -->/

/** `page` with the table between its marks made anew. */
export function withSizes(page: string, { rows, models }: Publication = published): string {
  const head = [
    'Half of the weights pruned',
    ...models.map(({ model, section }) => `[${model}](bench/RESULTS.md#${section})`),
  ]
  const lines = Object.entries(rows).map(([row, title]) => [
    title,
    ...models.map(({ results }) => cell(results[row], results['dense'].perplexity)),
  ])
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
  return page.replace(marks, `<!-- sizes -->\n\n${table}\n\n<!-- /sizes -->`)
}

function cell(result: Published | undefined, dense: number): string {
  if (!result) return 'not measured'
  const { perplexity, range, minutes, mebibytes } = result
  if (minutes === undefined) return `**${perplexity.toFixed(2)}**`
  const spread = range ? ` (${range.map((end) => end.toFixed(2)).join('–')})` : ''
  const cost = `${minutes} min, ${(mebibytes ?? 0).toLocaleString('en')} MiB`
  return `**${perplexity.toFixed(2)}**${spread}, ${(perplexity / dense).toFixed(2)} × dense; ${cost}`
}
