// A run folder is called by its time and its recipe, 20261231-235958-wanda50; people look for the recipe first.

export interface RunName {
  /** The recipe's. */
  name: string
  /** Local, "2026-12-31 23:59:58"; empty where the folder is called otherwise. */
  time: string
  /** Milliseconds; 0 where the folder is called otherwise. */
  started: number
}

const pattern = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-(.+)$/

export function runName(folderName: string): RunName {
  const found = pattern.exec(folderName)
  if (!found) return { name: folderName, time: '', started: 0 }
  const [year, month, day, hour, minute, second] = found.slice(1, 7)
  const started = new Date(+year, +month - 1, +day, +hour, +minute, +second).getTime()
  return { name: found[7], time: `${year}-${month}-${day} ${hour}:${minute}:${second}`, started }
}

/** "wanda50 · 2026-12-31 23:59:58" */
export function runLabel({ name, time }: { name: string; time: string }): string {
  return time === '' ? name : `${name} · ${time}`
}

/** Title of a sweep's page; a name that says "sweep" itself does not get the word again. */
export function sweepTitle(name: string): string {
  return /\bsweep\b/i.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : `Sweep ${name}`
}
