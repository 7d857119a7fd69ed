// How charts distinguish runs: the colour shows one setting, the shape another. By default method and recovery.
import { seriesStyle, type SeriesStyle } from './chartData.ts'
import type { FoldedRun } from '../runs/compared/foldSeeds.ts'
import { settingText, valueText, type Settings } from '../recipe/sweep/settings.ts'

/** Paths of the settings that decide colour and shape; null: all runs have the same. */
export interface StyledBy {
  readonly colour: string | null
  readonly shape: string | null
}

export interface StyleGroup {
  /** "wanda, retrain"; empty where all runs are alike. */
  readonly label: string
  readonly style: SeriesStyle
  /** Indices of the runs. */
  readonly runs: readonly number[]
}

/** Most values that colours or shapes can show: beyond the size of the palette they could not be distinguished. */
const [mostColours, mostShapes] = [6, 4]
/** Shown for a run that does not set a setting that others set. */
const notSet = 'as in the recipe'

/** Settings that colours or shapes can show. */
export function stylePaths(runs: readonly FoldedRun[], what: keyof StyledBy): string[] {
  const most = what === 'colour' ? mostColours : mostShapes
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  return paths.filter((path) => {
    const count = valuesOf(runs, path).length
    return count > 1 && count <= most
  })
}

export function defaultStyles(runs: readonly FoldedRun[]): StyledBy {
  const first = (paths: readonly string[], ...wishes: ((path: string) => boolean)[]) =>
    wishes.map((wish) => paths.find(wish)).find((path) => path !== undefined) ?? null
  const isWord = (path: string) => runs.some(({ settings }) => typeof settings[path] === 'string')
  const colour = first(
    stylePaths(runs, 'colour'),
    (path) => /(^|\.)method$/.test(path),
    (path) => isWord(path) && !path.startsWith('recover'),
    () => true,
  )
  const shape = first(
    stylePaths(runs, 'shape').filter((path) => path !== colour),
    (path) => /^recover(\.\d+)?(\.mode)?$/.test(path),
    (path) => path.startsWith('recover'),
    isWord,
  )
  return { colour, shape }
}

/** Groups in the order of their values. */
export function styleGroups(runs: readonly FoldedRun[], { colour, shape }: StyledBy): StyleGroup[] {
  const [colours, shapes] = [colour, shape].map((path) => (path === null ? [''] : valuesOf(runs, path)))
  const labels = [labelsOf(runs, colour), labelsOf(runs, shape)]
  const groups = colours.flatMap((colourText, c) =>
    shapes.map((shapeText, s): StyleGroup => {
      const { colour: ink, dash } = seriesStyle(c)
      const members = runs.flatMap(({ settings }, i) => {
        const has = (path: string | null, text: string) => path === null || textAt(settings, path) === text
        return has(colour, colourText) && has(shape, shapeText) ? [i] : []
      })
      return {
        label: [labels[0].get(colourText), labels[1].get(shapeText)].filter(Boolean).join(', '),
        style: { colour: ink, dash, marker: seriesStyle(s).marker },
        runs: members,
      }
    }),
  )
  return groups.filter(({ runs: members }) => members.length > 0)
}

/** The distinct values of a setting as text; if all are numbers, in ascending order. */
function valuesOf(runs: readonly FoldedRun[], path: string): string[] {
  const values = [...new Set(runs.map(({ settings }) => textAt(settings, path)))]
  return values.every((text) => Number.isFinite(Number(text))) ? values.sort((a, b) => Number(a) - Number(b)) : values
}

/** What a legend calls the values of a setting; two files of the same name keep their folders. */
function labelsOf(runs: readonly FoldedRun[], path: string | null): Map<string, string> {
  if (path === null) return new Map()
  const labels = new Map(
    runs.map(({ settings }) => [textAt(settings, path), path in settings ? settingText(path, settings[path]) : notSet]),
  )
  const isOnly = (label: string) => [...labels.values()].filter((other) => other === label).length === 1
  return new Map([...labels].map(([text, label]) => [text, isOnly(label) ? label : text]))
}

function textAt(settings: Settings, path: string): string {
  return path in settings ? valueText(settings[path]) : notSet
}
