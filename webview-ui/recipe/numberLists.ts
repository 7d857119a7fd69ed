// Lists of numbers as people write them in the form: percentages, learning rates, seeds.

/** `40, 50 %` as shares; null: one of them is none, or is there twice. */
export function percentages(text: string): number[] | null {
  const shares = numbersIn(text.replaceAll('%', ' '))?.map(shareOf) ?? null
  return shares?.every((share) => share > 0 && share < 1) ? shares : null
}

/** Percent as a share, without the digits that a division adds. */
export function shareOf(percent: number): number {
  return Number((percent / 100).toFixed(6))
}

export function wholeNumbers(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => Number.isSafeInteger(value) && value >= 0) ? values : null
}

/** `2e-4, 5e-4`; null: one of them is no rate, or is there twice. */
export function rates(text: string): number[] | null {
  const values = numbersIn(text)
  return values?.every((value) => value > 0) ? values : null
}

function numbersIn(text: string): number[] | null {
  const parts = text.split(/[,;\s]+/).filter((one) => one !== '')
  const values = parts.map(Number)
  return values.every(Number.isFinite) && new Set(values).size === values.length ? values : null
}
