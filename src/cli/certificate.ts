// `sparsescope inspect --certificate`: the share of a mask's error that one swap would remove, measured against the dense model.
import { certifyCheckpoints, type CertifiedMatrix } from '../engine/analyse/certify.ts'
import { openCheckpoint } from '../engine/checkpoint/checkpoint.ts'
import { openBackend } from '../engine/compute/open.ts'
import { EngineError } from '../engine/errors.ts'
import { groupsBy } from '../formatting/lists.ts'
import { formatShare, formatValue } from '../formatting/numbers.ts'
import { textTable } from '../formatting/tables.ts'
import { certificateSentence, sumOfCertificates } from '../plan/certificate.ts'
import type { NmPattern } from '../catalog/formats/sparsity.ts'
import { closing, type CommonOptions, type Context, type Outcome } from './command.ts'
import { memoryBytes, refuseIdleField, type PrecisionOptions } from './options.ts'

export interface CertificateOptions extends CommonOptions, PrecisionOptions {
  certificate?: boolean
  dense?: string
  calibration?: string
  field?: string
  samples?: number
  seqLen?: number
  memory?: string
}

/** @throws EngineError 'usage' when --certificate lacks an option that it needs, or an option would have no effect. */
export function refuseHalf(context: Context, { certificate, dense, calibration }: CertificateOptions): void {
  if (!certificate) {
    const needy = ['--dense', '--calibration', '--field', '--samples', '--seq-len']
    return context.refuseIdle(needy, 'has no effect without --certificate')
  }
  if (dense === undefined || calibration === undefined)
    throw new EngineError(
      'usage',
      '--certificate compares with the dense model on text: add --dense MODEL and --calibration FILE',
    )
  const others = ['--stats', '--tensors', '--tensor', '--remote']
  context.refuseIdle(others, 'has no effect with --certificate, which shows a table of its own: remove one of them')
  refuseIdleField(context, calibration)
}

export async function certificateOutcome(
  context: Context,
  path: string,
  o: CertificateOptions,
  patterns: readonly NmPattern[],
): Promise<Outcome> {
  const begun = performance.now()
  await using pruned = closing(await openCheckpoint(path))
  await using dense = closing(await openCheckpoint(o.dense ?? ''))
  const calibration = { data: o.calibration ?? '', field: o.field, samples: o.samples, seqLen: o.seqLen }
  const { matrices, windows, seqLen, device } = await certifyCheckpoints(pruned.value, dense.value, {
    calibration,
    patterns,
    memoryBytes: memoryBytes(o.memory),
    openBackend: () => openBackend(o),
    precision: o.precision,
    signal: context.signal,
    onProgress: (done, total) => context.progress({ what: 'certifying', count: { done, total, unit: 'windows' } }),
    onWarning: (message) => context.say(`warning: ${message}`),
  })
  const certificate = sumOfCertificates(matrices)
  const blocks = groupsBy(matrices, ({ block }) => block).map((own) => ({
    block: own[0].block,
    certificate: sumOfCertificates(own),
  }))
  const json = {
    path: pruned.value.path,
    dense: dense.value.path,
    calibration: { data: calibration.data, windows, seq_len: seqLen },
    certificate,
    blocks,
    matrices: matrices.map(({ shares, ...one }) => ({ ...one, room_by_row: [...shares] })),
    seconds: (performance.now() - begun) / 1000,
    device,
  }
  const text = certificate
    ? [tableOf(matrices, context.columns), certificateSentence(certificate)].join('\n')
    : `${pruned.value.path} has no matrix with zeros whose input was seen.`
  return { json, text }
}

function tableOf(matrices: readonly CertifiedMatrix[], columns?: number): string {
  const heads = ['matrix', 'swaps within', 'error', 'room by one swap', 'rows without']
  const rows = matrices.map(({ name, group, error, room, rows_without_room: none }) => [
    name,
    group > 0 ? `${group} inputs` : 'the row',
    formatValue(error),
    formatShare(room),
    formatShare(none, 0),
  ])
  return textTable(heads, rows, { columns, spare: ['error', 'swaps within'] })
}
