import { checkpointRule } from '../plannedRule.ts'

export const rule = checkpointRule('unsafe-weights', {
  id: 'C7',
  title: 'Weights that cannot be opened safely',
  why: 'A `.bin` is read as data, never executed: one that loads more than tensors, or was written by PyTorch before 1.6, is refused. A Git-LFS pointer contains no weights. Convert with `save_pretrained(…, safe_serialization=True)` if you trust the file, or run `git lfs pull`.',
})
