// An estimated time from least to most, rounded as estimates deserve.

/** Seconds → "40 s", "3 to 5 min", "2 h". */
export function spanText([low, high]: readonly [low: number, high: number]): string {
  const [unit, name] = high < 90 ? [1, 's'] : high < 90 * 60 ? [60, 'min'] : [3600, 'h']
  const [least, most] = [low, high].map((seconds) => Math.max(1, Math.round(seconds / unit)))
  return least === most ? `${most} ${name}` : `${least} to ${most} ${name}`
}
