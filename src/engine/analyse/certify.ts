// Certificates of a checkpoint pruned by any tool, from its dense checkpoint (docs/methods.md, "Swaps"): one pass over the blocks.
// The dense block sees the states of the pruned model, and nothing is changed.
import { channelOrderOf, type Checkpoint } from '../checkpoint/checkpoint.ts'
import type { PrecisionChoice } from '../../recipe/modes.ts'
import { calibrationSet, type CalibrationRequest } from './analyse.ts'
import type { NmPattern } from '../../catalog/formats/sparsity.ts'
import { blockLinears } from '../../catalog/families/parameters.ts'
import { processBlocks, type BlockRecovery } from '../blocks/processBlocks.ts'
import type { CalibrationSet } from '../blocks/flow.ts'
import { createModelStream } from '../blocks/modelStream.ts'
import { Arena } from '../compute/arena.ts'
import { type Backend, readWide } from '../compute/backend.ts'
import { maskWords } from '../../catalog/formats/maskFile.ts'
import { EngineError } from '../errors.ts'
import type { Linear } from '../model/module.ts'
import { openFor, productForm } from '../model/computeIn.ts'
import { openModel, type Model } from '../model/model.ts'
import { decode, readWeight } from '../model/weights.ts'
import { visitHost, withPruneHost, type PruneHost } from '../prune/host.ts'
import { maskOfZeros, zerosOf } from '../prune/mask.ts'
import { finiteDiagonal } from '../prune/methods/hessian.ts'
import type { Statistics } from '../prune/statistics.ts'
import { certificateOf, groupOf, swapRows, tooWide, type RowCertificates } from '../prune/swaps.ts'

export interface CertifiedMatrix extends RowCertificates {
  readonly name: string
  readonly block: number
  /** Number of consecutive inputs within which both weights of a swap are; 0: the whole row. */
  readonly group: number
}

export interface CertifyOptions {
  readonly dense: Model
  readonly pruned: Model
  readonly backend: Backend
  readonly set: CalibrationSet
  /** N:M patterns. Swaps stay within the groups of the first pattern that a whole matrix satisfies. */
  readonly patterns: readonly NmPattern[]
  readonly activationBytes: number
  readonly signal?: AbortSignal
  readonly onProgress?: (done: number, total: number) => void
  readonly onWarning?: (message: string) => void
}

export interface CertifyRequest extends Pick<CertifyOptions, 'patterns' | 'signal' | 'onProgress' | 'onWarning'> {
  readonly calibration: CalibrationRequest
  readonly memoryBytes: number
  readonly openBackend: () => Promise<Backend>
  readonly precision?: PrecisionChoice
}

/** Share of the memory for the states between two blocks. */
const share = 1 / 4

/** Runs `certify` for two checkpoints on a text. @throws EngineError as `certify`, and of the checkpoints and the data. */
export async function certifyCheckpoints(pruned: Checkpoint, dense: Checkpoint, request: CertifyRequest) {
  const { memoryBytes } = request
  if ((await channelOrderOf(pruned)) !== (await channelOrderOf(dense)))
    throw new EngineError(
      'unsupported',
      `${pruned.path} and ${dense.path} have their channels in different orders, since one was pruned with reorder: its certificate is in the report of its run`,
    )
  const models = { dense: openModel(dense), pruned: openModel(pruned) }
  const set = await calibrationSet(models.dense, { ...request, seed: 0 })
  const backend = await openFor(models.dense, request.openBackend, request.precision)
  try {
    const matrices = await certify({ ...request, ...models, backend, set, activationBytes: share * memoryBytes })
    return { matrices, windows: set.windows, seqLen: set.seqLen, device: backend.info.device }
  } finally {
    await backend.close()
  }
}

/** Certifies every matrix with zeros whose input was seen, in model order. @throws EngineError 'bad-checkpoint' where shapes differ. */
export async function certify(options: CertifyOptions): Promise<CertifiedMatrix[]> {
  const { dense, pruned, backend, set, activationBytes } = options
  requireSameShapes(dense, pruned)
  const form = productForm(backend)
  const [stream, own] = [dense, pruned].map((model) => createModelStream(backend, model, form))
  const found: CertifiedMatrix[] = []
  try {
    await withPruneHost(backend, async (host) => {
      // Statistics are gathered only for linears that an entry names, so this entry names all of them.
      const sparsities = new Map(blockLinears(dense.config).map(({ name }) => [name, 0.5]))
      const entry = {
        method: 'magnitude',
        sparsities,
        pattern: null,
        scope: 'row',
        selection: 'exact',
        settings: {},
      } as const
      const walk = processBlocks({
        ...options,
        host,
        stream,
        pruned: own,
        entries: [entry],
        calibration: set,
        recover: [certifying(options, host, found)],
        seed: 0,
        activations: { bytes: activationBytes },
      })
      for await (const _ of walk);
    })
    return found
  } finally {
    stream.close()
    own.close()
  }
}

function requireSameShapes(dense: Model, pruned: Model): void {
  const shapes = new Map(blockLinears(pruned.config).map(({ name, shape }) => [name, shape.join(' × ')]))
  const other = blockLinears(dense.config).find(({ name, shape }) => shapes.get(name) !== shape.join(' × '))
  if (!other && dense.config.numBlocks === pruned.config.numBlocks) return
  throw new EngineError(
    'bad-checkpoint',
    `${dense.checkpoint.path} is not the dense model of ${pruned.checkpoint.path}: ${other ? `${other.name} is ${other.shape.join(' × ')} there` : 'it has another number of blocks'}`,
  )
}

/** A recovery that looks at a block and leaves it as it is. */
function certifying(options: CertifyOptions, host: PruneHost, found: CertifiedMatrix[]): BlockRecovery {
  return {
    dense: null,
    middles: false,
    hessians: true,
    async recover({ block, statistics }) {
      for (const linear of block.linears) {
        const one = statistics && (await certifyLinear(options, host, linear, statistics))
        if (one) found.push({ ...one, name: linear.name, block: block.index })
      }
      return null
    },
  }
}

async function certifyLinear(
  { backend, dense, patterns, onWarning }: CertifyOptions,
  host: PruneHost,
  { name, weight, inputKey }: Linear,
  statistics: Statistics,
): Promise<(RowCertificates & { group: number }) | null> {
  const hessian = statistics.hessian(inputKey)
  const parameter = dense.parameters.get(`${name}.weight`)
  if (!hessian || !parameter || statistics.tokensOf(inputKey) === 0) return null
  const [rows, columns] = weight.shape
  const why = tooWide(host, name, columns)
  if (why) {
    onWarning?.(why)
    return null
  }
  using arena = new Arena(host)
  const visit = await visitHost(backend, host, hessian)
  try {
    await finiteDiagonal(host, visit.tensor, name)
    const [present, full] = [arena.allocate(weight.shape), arena.allocate(weight.shape)]
    const values = await readWide(backend, weight)
    const mask = maskOfZeros(values, rows, columns)
    if (zerosOf(mask) === 0) return null
    const bits = arena.allocate([rows, maskWords(columns)], 'u32')
    host.write(bits, mask.words)
    host.write(present, values)
    host.write(full, decode(await readWeight(dense, parameter)))
    const group = groupOf(mask, patterns)
    const figures = await swapRows(host, { weight: present, dense: full, mask: bits }, visit.tensor, { most: 0, group })
    return { ...certificateOf(figures, statistics.seen(inputKey)), group }
  } finally {
    visit.release()
  }
}
