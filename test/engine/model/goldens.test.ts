// Every golden folder through the whole decoder, on every backend there is: logits, losses, hidden states, gradients.
import { openCheckpoint, type Checkpoint } from '../../../src/engine/checkpoint/checkpoint.ts'
import type { Backend } from '../../../src/engine/compute/backend.ts'
import { backends } from '../../support/backends.ts'
import { goldenModels, readGolden, type Golden } from '../../support/goldens.ts'
import { lacks } from '../../support/skip.ts'
import { checkForward, checkGradients, checkPadding } from './decoderGoldens.ts'

for (const { name: device, open } of backends) {
  describe(`goldens on ${device}`, () => {
    let backend: Backend
    before(async function () {
      const opened = await open()
      if ('reason' in opened) return lacks(this, opened.reason)
      backend = opened.backend
    })
    after(async () => backend?.close())

    for (const { name, path, keys } of goldenModels()) {
      describe(name, () => {
        let checkpoint: Checkpoint
        let golden: Golden
        before(async () => {
          checkpoint = await openCheckpoint(path)
          golden = await readGolden(`${path}/golden.safetensors`)
        })
        after(() => checkpoint.close())

        it('logits, losses and hidden states are those of transformers', () =>
          checkForward(backend, checkpoint, golden))

        const gradientsAgree =
          'gradients of every parameter are those of transformers, in names and orientation of the file'
        if (keys.some((key) => key.startsWith('grad.')))
          it(gradientsAgree, () => checkGradients(backend, checkpoint, golden))

        const paddingAgrees = 'under padding, losses and logits of real tokens and gradients are those of transformers'
        if (keys.includes('pad.logits')) it(paddingAgrees, () => checkPadding(backend, checkpoint, golden))
      })
    }
  })
}
