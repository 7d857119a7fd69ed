// Two runs against each other: what their recipes, their blocks, their answers and their texts do not share.
import type { CutText } from '../series/samples.ts'

/** A setting that is not the same in both resolved recipes; null: that recipe has none there. */
export interface SettingDifference {
  readonly path: string
  readonly a: string | null
  readonly b: string | null
}

export interface BlockErrorPair {
  readonly block: number
  /** Mean squared error of the block's outputs against the dense ones after recovery; null where it was not measured. */
  readonly a: number | null
  readonly b: number | null
}

/** A question of a task that one run answers right and the other wrong. */
export interface Flip {
  /** Its place in the data, from 0. */
  readonly row: number
  /** Empty, as are the answers, where the data cannot be read any more. */
  readonly question: string
  readonly answers: readonly string[]
  readonly right: number
  /** What each of the runs answered; −1: none of them, as where a completion was not the likeliest. */
  readonly a: number
  readonly b: number
}

export interface TaskFlips {
  readonly task: string
  readonly data: string
  readonly bothRight: number
  readonly bothWrong: number
  /** How many there are; of each direction the first so many are told. */
  readonly onlyA: { readonly count: number; readonly flips: readonly Flip[] }
  readonly onlyB: { readonly count: number; readonly flips: readonly Flip[] }
}

export interface PromptPair {
  readonly prompt: string
  readonly a: string
  readonly b: string
  /** B's text around the token where it leaves A's; null where it does not. */
  readonly cut: CutText | null
}

export interface RunDifference {
  readonly settings: readonly SettingDifference[]
  readonly blocks: readonly BlockErrorPair[]
  readonly tasks: readonly TaskFlips[]
  readonly prompts: readonly PromptPair[]
  /** Sentences: what cannot be told, and how to get it. */
  readonly missing: readonly string[]
}
