// Values that a recipe means where it says nothing, as far as others than its rows (src/recipe/settings) need them.

/** The pattern that is none. */
export const unstructured = 'unstructured'

/** The sparsity of a step that says none. */
export const usualSparsity = 0.5

/** As many swaps of a row as help, within a tenth of it. */
export const untilNone = 'auto'

/** Windows of text; a file of ids has its own. */
export const windowDefaults = { samples: 128, seq_len: 2048 }

/** Windows on which a run prunes to try a setting of an allocation, and as many others for the loss, where there are enough. */
export const triedWindows = 8

/** Windows in a step of an optimiser. */
export const batchDefaults = { batch_size: 1, grad_accumulation: 1 }
