// Subsets that a recipe may train (docs/methods.md, "What is trained"): parameters of the model, the head's low-rank update, an adapter on
// the block linears, or everything.
import { adapterNames, defaultAdapter, type AdapterName } from './adapters.ts'

export type Subset = 'bias' | 'norm' | 'head' | 'embedding' | AdapterName | 'full'

export const subsets: readonly Subset[] = ['bias', 'norm', 'head', 'embedding', ...adapterNames, 'full']

/** The default subsets. */
export const defaultTrain: readonly Subset[] = ['bias', 'norm', defaultAdapter]
