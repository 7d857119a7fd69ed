// Certificates of masks as figures: the share of the error that the best single swap of a pruned and a kept weight would still remove
// (docs/methods.md, "Swaps"). Names are those of report.json.
import { formatShare } from '../formatting/numbers.ts'

export interface MatrixCertificate {
  readonly rows: number
  /** Squared error of the outputs by token. */
  readonly error: number
  /** Share of the error that the best swap of each row would remove; 0: no single swap helps. */
  readonly room: number
  /** Share of the rows where no swap helps. */
  readonly rows_without_room: number
  /** Tokens over which `error` is a mean: experts of a mixture see different numbers of them. */
  readonly tokens?: number
}

/** The sum of certificates: `room` is Σ max(0, −min Δ) / Σ E over all tokens, `rows_without_room` a share of all rows; null for none. */
export function sumOfCertificates(matrices: readonly MatrixCertificate[]): MatrixCertificate | null {
  if (matrices.length === 0) return null
  const sum = (of: (one: MatrixCertificate) => number) => matrices.reduce((total, one) => total + of(one), 0)
  const [rows, error] = [sum((one) => one.rows), sum((one) => one.error)]
  const whole = ({ error, tokens = 1 }: MatrixCertificate) => error * tokens
  const all = sum(whole)
  return {
    rows,
    error,
    room: all > 0 ? sum((one) => whole(one) * one.room) / all : 0,
    rows_without_room: rows > 0 ? sum((one) => one.rows * one.rows_without_room) / rows : 0,
  }
}

/** The certificates in the results of blocks, by module name; a later pass over a block has none. */
export function certificatesOf(
  blocks: Iterable<{ readonly modules: Readonly<Record<string, { readonly certificate?: MatrixCertificate }>> }>,
): Map<string, MatrixCertificate> {
  const modules = [...blocks].flatMap((block) => Object.entries(block.modules))
  return new Map(modules.flatMap(([name, { certificate }]) => (certificate ? [[name, certificate] as const] : [])))
}

/** "Room by one swap: 0.80 %; 71 % of rows have none." */
export function certificateSentence({ room, rows_without_room: none }: MatrixCertificate): string {
  return `Room by one swap: ${formatShare(room)}; ${formatShare(none, 0)} of rows have none.`
}
