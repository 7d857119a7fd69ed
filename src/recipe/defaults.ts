// Default values that other code than the rows (src/recipe/settings) needs.

/** Value of `pattern` for unstructured pruning. */
export const unstructured = 'unstructured'

/** The default sparsity of a step. */
export const usualSparsity = 0.5

/** Swaps in each row until none helps, at most a tenth of the row. */
export const untilNone = 'auto'

/** Windows of text; a file of ids has its own. */
export const windowDefaults = { samples: 128, seq_len: 2048 }

/** Windows on which a run prunes to try a setting of an allocation; as many others measure the loss, where there are enough. */
export const triedWindows = 8

/** Windows in a step of an optimiser. */
export const batchDefaults = { batch_size: 1, grad_accumulation: 1 }
