// How the sparsity is spread over the blocks, judged by the pruned model: nothing is written. A row each, in the order given:
// uniform, error, depth=0.1, or a list of sparsities. `error` reads what `sparsescope analyse --json` wrote.
//   npx tsx bench/spread.ts --model M --ids ids.safetensors --other other.safetensors [--windows 8] [--measure 16]
//     [--method wanda] [--errors analysis.json] --rows "0.7 uniform" "0.7 depth=0.15" …
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createDecoder } from '../src/engine/model/decoder.ts'
import { computeIn, productForm } from '../src/engine/model/computeIn.ts'
import { openModel } from '../src/engine/model/model.ts'
import { openCheckpoint } from '../src/engine/checkpoint/checkpoint.ts'
import { openCpu } from '../src/engine/compute/cpu/open.ts'
import { createModelStream } from '../src/engine/blocks/modelStream.ts'
import { prunedLosses } from '../src/engine/blocks/prunedLoss.ts'
import { withPruneHost } from '../src/engine/prune/host.ts'
import { loadWindows } from '../src/engine/text/windows.ts'
import { allocateByError, errorCurves } from '../src/shared/analysis/allocateByError.ts'
import type { Analysis } from '../src/shared/analysis/analysis.ts'
import type { MethodName } from '../src/shared/methods/methods.ts'
import { lookAtData, pruneEntries } from '../src/shared/plan/pruneEntries.ts'
import { plannedLinears } from '../src/shared/plan/runPlan.ts'
import { resolvePruneStep } from '../src/shared/recipe/resolve.ts'
import type { PruneStep } from '../src/shared/recipe/schema.ts'

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: '' },
    ids: { type: 'string', default: '' },
    other: { type: 'string', default: '' },
    windows: { type: 'string', default: '8' },
    measure: { type: 'string', default: '16' },
    method: { type: 'string', default: 'wanda' },
    errors: { type: 'string' },
    threads: { type: 'string', default: '1' },
    rows: { type: 'string', multiple: true, default: [] },
  },
})
const method = values.method as MethodName
const checkpoint = await openCheckpoint(values.model)
const model = openModel(checkpoint)
const linears = plannedLinears(model.config)
const analysis = values.errors === undefined ? null : (JSON.parse(readFileSync(values.errors, 'utf8')) as Analysis)

function stepOf(row: string): PruneStep {
  const [share, how] = row.split(' ')
  const sparsity = Number(share)
  if (how.startsWith('depth='))
    return { method, sparsity, allocation: 'depth', depth: { spread: Number(how.slice(6)) } }
  if (how === 'uniform') return { method, sparsity }
  if (how !== 'error') return { method, sparsity: how.split(',').map(Number) }
  const sizes = new Map(linears.map(({ name, parameters }) => [name, parameters]))
  const curves = errorCurves(analysis?.modules ?? [], (name) => sizes.get(name) ?? 0, () => method) // prettier-ignore
  if (!curves) throw new Error('--errors has no curve of this method in every block')
  return { method, sparsity: allocateByError(curves, sparsity) }
}

const take = async (path: string, field: string, samples: number) =>
  loadWindows({ path, field, samples, seed: 0, purpose: 'calibration', folder: checkpoint.folder, vocabSize: model.config.vocabSize }) // prettier-ignore
const calibration = await take(values.ids, 'calibration', Number(values.windows))
const texts = [await take(values.ids, 'evaluation', Number(values.measure)), await take(values.other, 'evaluation', Number(values.measure))] // prettier-ignore
const judged = { windows: 2 * texts[0].windows, seqLen: texts[0].seqLen, ids: Int32Array.from(texts.flatMap(({ ids }) => [...ids])) } // prettier-ignore
const backend = computeIn(await openCpu({ threads: Number(values.threads) }), model, 'bf16')
const activations = { bytes: 2e9, spillFolder: '/tmp' }
for (const row of values.rows) {
  const begun = performance.now()
  const entries = pruneEntries([resolvePruneStep(stepOf(row))], linears, model.config.numBlocks)
  const stream = createModelStream(backend, model, productForm(backend))
  const flow = { backend, stream, set: judged, budget: activations, onWindows: () => undefined }
  const decoder = await createDecoder(backend, model, { memoryBytes: 2e9, tokensPerPass: judged.seqLen })
  const losses = await withPruneHost(
    backend,
    (host) =>
    prunedLosses({ backend, host, stream, entries, calibration: lookAtData(entries) ? calibration : null, recover: [], seed: 0, activations }, flow, decoder), // prettier-ignore
  )
  await decoder.close()
  stream.close()
  const half = losses.length / 2
  const perplexity = (some: readonly number[]) => Math.exp(some.reduce((a, b) => a + b, 0) / some.length).toFixed(2)
  console.log(row.length > 40 ? `${row.slice(0, 40)}…` : row, perplexity(losses.slice(0, half)), perplexity(losses.slice(half)), `${((performance.now() - begun) / 1000).toFixed(0)} s`) // prettier-ignore
}
await backend.close()
await checkpoint.close()
