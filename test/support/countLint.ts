// Counts the work of linting, in a process of its own: how often each stretch of code runs, as V8's block coverage counts it,
// and the elements that built-in functions of arrays and strings pass over, which no coverage sees.
import { Session } from 'node:inspector'
import type { Profiler } from 'node:inspector'

/** Executions of the most-run stretch of each function, by `file function offset`; and `builtin`, elements passed over. */
export type Counts = Record<string, number>

const session = new Session()
session.connect()

function post(method: 'Profiler.enable' | 'Profiler.startPreciseCoverage', params?: object): void {
  session.post(method, params as never)
}

/** Before the code that is counted is loaded: code that is compiled already has no counters in its blocks. */
export function startCounting(): void {
  post('Profiler.enable')
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
}

/** Executions since the last call. */
function taken(): Counts {
  let scripts: Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (error, { result }) => {
    if (error) throw error
    scripts = result
  })
  const counts: Counts = {}
  for (const { url, functions } of scripts) {
    if (url.startsWith('node:') || url.includes('test/support')) continue
    for (const { functionName, ranges } of functions) {
      const place = `${url.split('/').slice(-3).join('/')} ${functionName || 'at'} ${ranges[0].startOffset}`
      // Stretches that run equally often are reported as one, or as several: their sum would depend on that.
      counts[place] = Math.max(counts[place] ?? 0, ...ranges.map(({ count }) => count))
    }
  }
  return counts
}

type Method = (this: ArrayLike<unknown>, ...args: unknown[]) => unknown

/** Built-ins that pass over all elements or characters without a call for each. */
const passing: [prototype: object, names: readonly string[]][] = [
  [Array.prototype, ['includes', 'indexOf', 'lastIndexOf', 'slice', 'concat', 'join', 'toReversed', 'splice', 'fill']],
  [String.prototype, ['split', 'match', 'replace', 'replaceAll', 'toLowerCase', 'trim', 'trimEnd']],
]

/** Counts of `body`; built-ins are as before afterwards. */
export function counted(body: () => void): Counts {
  let passed = 0
  const originals = passing.flatMap(([prototype, names]) =>
    names.map((name) => [prototype, name, Object.getOwnPropertyDescriptor(prototype, name)] as const),
  )
  taken()
  for (const [prototype, name, descriptor] of originals) {
    const method = descriptor?.value as Method
    Object.defineProperty(prototype, name, {
      ...descriptor,
      value(this: ArrayLike<unknown>, ...args: unknown[]) {
        passed += this.length
        return method.apply(this, args)
      },
    })
  }
  try {
    body()
  } finally {
    for (const [prototype, name, descriptor] of originals)
      if (descriptor) Object.defineProperty(prototype, name, descriptor)
  }
  return { ...taken(), builtin: passed }
}
