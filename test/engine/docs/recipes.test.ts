// Every recipe of the documents passes lint; a part of one does so within a recipe that has the rest.
import assert from 'node:assert/strict'
import { parse, stringify } from 'yaml'
import { lintText } from '../../../src/engine/facts/recipeFacts.ts'
import { documents, fencesOf, isRecipe, root } from '../../support/documents.ts'

const rest = {
  version: 1,
  model: 'samples/opt',
  seed: 0,
  prune: [{ method: 'wanda', sparsity: 0.5 }],
  calibration: { data: 'samples/text/train.jsonl', samples: 128, seq_len: 256 },
  save: { to: 'pruned' },
}

/** Its own text, and behind it the keys that it leaves out. */
function wholeOf(text: string): string {
  const part = parse(text) as Record<string, unknown>
  const missing = Object.entries(rest).filter(([key]) => !(key in part) && !('version' in part))
  return missing.length === 0 ? text : text + stringify(Object.fromEntries(missing))
}

describe('the recipes of the documents', () => {
  for (const document of documents)
    for (const fence of fencesOf(document).filter((one) => isRecipe(one) && one.notRun === null))
      it(`${document}:${fence.line} has no error and no warning beside the sample`, async () => {
        const { findings } = await lintText(wholeOf(fence.text), { folder: root })
        const found = findings.filter(({ severity }) => severity === 'error' || severity === 'warning')
        assert.deepEqual(found, [])
      })
})
