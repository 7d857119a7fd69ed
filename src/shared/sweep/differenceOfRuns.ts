// Two runs against each other as far as their recipes and events tell; answers to questions are in their reports.
import { valueText } from '../recipe/sweep/settings.ts'
import type { RunPicture } from '../series/foldRun.ts'
import { cutAtDifference, type SampleSet } from '../series/samples.ts'
import type { Sample } from '../series/events.ts'
import { varyingSettings } from './comparedRun.ts'
import type { BlockErrorPair, PromptPair, SettingDifference } from './runDifference.ts'

const longestValue = 200
const mostPrompts = 5

/** Paths that are not the same in both resolved recipes, with both values. Where results are saved is left out. */
export function settingDifferences(a: object | null, b: object | null): SettingDifference[] {
  if (!a || !b) return []
  const [ofA, ofB] = varyingSettings([a, b])
  const paths = [...new Set([...Object.keys(ofA), ...Object.keys(ofB)])]
  const text = (of: Record<string, unknown>, path: string) => (path in of ? briefly(valueText(of[path])) : null)
  return paths.map((path) => ({ path, a: text(ofA, path), b: text(ofB, path) }))
}

function briefly(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text
}

type Blocks = Pick<RunPicture, 'blocks'>

/** After the last recovery that measured a block; blocks that neither measured are left out. */
export function blockErrorPairs(a: Blocks, b: Blocks): BlockErrorPair[] {
  const errorOf = ({ blocks }: Blocks, block: number) =>
    [...(blocks.get(block)?.errors.values() ?? [])].at(-1)?.after ?? null
  const all = [...new Set([...a.blocks.keys(), ...b.blocks.keys()])].sort((one, other) => one - other)
  const pairs = all.map((block) => ({ block, a: errorOf(a, block), b: errorOf(b, block) }))
  return pairs.filter((pair) => pair.a !== null || pair.b !== null)
}

/** Continuations of the first prompts that both have, each by the last stage that its run has reached. */
export function promptPairs(a: readonly SampleSet[], b: readonly SampleSet[]): PromptPair[] {
  const ofB = new Map(lastSamples(b).map((sample) => [sample.prompt, sample]))
  const pairs = lastSamples(a).flatMap((first): PromptPair[] => {
    const other = ofB.get(first.prompt)
    return other ? [{ prompt: first.prompt, a: first.text, b: other.text, cut: cutAtDifference(other, first) }] : []
  })
  return pairs.slice(0, mostPrompts)
}

const order = { dense: 0, pruned: 1, recovered: 2 }

/** The later of two at one stage counts. */
function lastSamples(sets: readonly SampleSet[]): readonly Sample[] {
  const ofStages = sets.filter(({ step }) => step === null)
  const last = Math.max(...ofStages.map(({ stage }) => order[stage]))
  const shown = ofStages.filter(({ stage }) => order[stage] === last)
  return [...new Map(shown.flatMap(({ samples }) => samples.map((sample) => [sample.prompt, sample]))).values()]
}
