// Environment variables that a test sets, and puts back.

/** Sets variables of this process, or removes those that are undefined. Returns what puts them back. */
export function setEnvironment(values: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  assign(values)
  return () => assign(before)
}

function assign(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values))
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
}

/** Runs with the variables set, then puts them back. */
export async function withEnvironment<T>(
  values: Readonly<Record<string, string | undefined>>,
  body: () => T | Promise<T>,
): Promise<T> {
  const restore = setEnvironment(values)
  try {
    return await body()
  } finally {
    restore()
  }
}
