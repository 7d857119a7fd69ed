// The wizard's question whether one run is enough: else a setting is tried at several values, side by side.
import * as vscode from 'vscode'
import type { MethodName } from '../../shared/methods/methods.ts'
import { askText, pickOne, pickSeveral, type Answer, type Choice, type StepFrame } from './steps.ts'
import { looksAtText, type Comparison, type RecipeChoices } from '../../shared/recipe/writing/recipeText.ts'

const t = vscode.l10n.t

export type Compared = Comparison['path'] | null

/** Settings that can vary: a pattern fixes the sparsity, and without text nothing is drawn. */
export function askCompared(frame: StepFrame, choices: RecipeChoices): Promise<Answer<Compared>> {
  const all: (Choice<Compared> & { offered: boolean })[] = [
    { label: t('One run'), value: null, offered: true },
    {
      label: t('Compare several sparsities'),
      detail: t('How much can be pruned before it costs too much'),
      value: 'prune.0.sparsity',
      offered: choices.pattern === 'unstructured',
    },
    {
      label: t('Compare several methods'),
      detail: t('The same sparsity and recovery for each'),
      value: 'prune.0.method',
      offered: true,
    },
    {
      label: t('Compare several seeds'),
      detail: t('How far chance moves the result: median and range'),
      value: 'seed',
      offered: looksAtText(choices),
    },
  ]
  return pickOne(frame, t('One run, or several side by side'), all.filter(({ offered }) => offered)) // prettier-ignore
}

/** At least two values of what is compared. */
export async function askValues(
  frame: StepFrame,
  path: Comparison['path'],
  choices: RecipeChoices,
  methods: readonly Choice<MethodName>[],
): Promise<Answer<Comparison>> {
  switch (path) {
    case 'prune.0.sparsity':
      return askNumbers(
        frame,
        path,
        t('Sparsities to compare, such as 0.4, 0.5, 0.6'),
        around(choices.sparsity),
        sparsities,
      )
    case 'seed':
      return askNumbers(frame, path, t('Seeds to compare, such as 0, 1, 2'), [0, 1, 2], seeds)
    case 'prune.0.method': {
      const items = methods.map((one, i) => ({ ...one, picked: i < 2 }))
      const answer = await pickSeveral(frame, t('Methods to compare: two or more'), items, 2)
      return answer === null || answer === 'back' ? answer : { value: { path, values: answer.value } }
    }
  }
}

async function askNumbers(
  frame: StepFrame,
  path: 'prune.0.sparsity' | 'seed',
  prompt: string,
  suggested: readonly number[],
  parse: (text: string) => number[] | null,
): Promise<Answer<Comparison>> {
  const problem = (text: string) =>
    (parse(text)?.length ?? 0) > 1 ? undefined : t('Two or more different numbers, separated by commas')
  const answer = await askText(frame, prompt, suggested.join(', '), problem)
  return answer === null || answer === 'back' ? answer : { value: { path, values: parse(answer.value) ?? [] } }
}

/** A tenth less, the same, a tenth more, where these are sparsities. */
function around(sparsity: number): number[] {
  const near = [-0.1, 0, 0.1].map((step) => Math.round((sparsity + step) * 1000) / 1000)
  return near.filter((value) => value > 0 && value < 1)
}

const sparsities = (text: string) => numbersIn(text, (value) => value > 0 && value < 1)
const seeds = (text: string) => numbersIn(text, (value) => Number.isSafeInteger(value) && value >= 0)

/** null: one of them is none, or is there twice. */
export function numbersIn(text: string, isGood: (value: number) => boolean): number[] | null {
  const values = text.split(/[,;\s]+/).filter((one) => one !== '').map(Number) // prettier-ignore
  return values.every(isGood) && new Set(values).size === values.length ? values : null
}
