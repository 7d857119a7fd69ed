// Prompts that a person keeps: they stay with the workspace, on this machine.
import { largestPrompt, mostPrompts } from '../../protocol/parameters.ts'
import type { PromptSet } from '../../protocol/view.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'

/** The part of VS Code's memento that is needed. */
export interface Store {
  get(key: string): unknown
  update(key: string, value: unknown): Thenable<void>
}

const key = 'sparsescope.promptSets'
const mostSets = 200

export function readSets(store: Store): PromptSet[] {
  const given = store.get(key)
  return Array.isArray(given) ? given.filter(isSet) : []
}

/** A name that is there already gets the new prompts; the others keep their order. */
export async function keepSet(store: Store, set: PromptSet): Promise<void> {
  const text = set.text.slice(0, largestPrompt * mostPrompts)
  const sets = readSets(store)
  const at = sets.findIndex(({ name }) => name === set.name)
  sets.splice(at < 0 ? sets.length : at, at < 0 ? 0 : 1, { ...set, text })
  await store.update(key, sets.slice(-mostSets))
}

export async function removeSet(store: Store, name: string): Promise<void> {
  await store.update(
    key,
    readSets(store).filter((set) => set.name !== name),
  )
}

function isSet(value: unknown): value is PromptSet {
  const { name, text, lines } = fieldsOf(value)
  return typeof name === 'string' && typeof text === 'string' && typeof lines === 'boolean'
}
