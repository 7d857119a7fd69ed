// Certificates of masks as figures: what the best single swap of a pruned and a kept weight would still win of the error
// (docs/methods.md, "Swaps").

export interface MatrixCertificate {
  /** Squared error of the outputs by token. */
  readonly error: number
  /** Share of the error that the best swap of each row would win; 0: no single swap helps. */
  readonly room: number
  /** Share of the rows where no swap helps. */
  readonly still: number
}

/** The certificate of several matrices: shares by their errors and by their rows. Null of none. */
export function sumOfCertificates(
  matrices: readonly { readonly certificate: MatrixCertificate; readonly rows: number }[],
): MatrixCertificate | null {
  if (matrices.length === 0) return null
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  const error = sum(matrices.map(({ certificate }) => certificate.error))
  const won = sum(matrices.map(({ certificate }) => certificate.error * certificate.room))
  const rows = sum(matrices.map(({ rows }) => rows))
  const still = sum(matrices.map(({ certificate, rows }) => certificate.still * rows))
  return { error, room: error > 0 ? won / error : 0, still: still / rows }
}
