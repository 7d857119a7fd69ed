// Finds the Node that runs the backend. The desktop's own runtime is Electron, which cannot map GPU buffers, so it comes last.

export type Origin = 'setting' | 'host' | 'bundled' | 'path' | 'electron'

export interface Runtime {
  path: string
  origin: Origin
}

interface RuntimeFacts {
  /** The setting, '' when unset. */
  setting: string
  execPath: string
  electron: boolean
  /** A Node beside the extension, if the package ships one. */
  bundled: string | null
  /** `node` as found on PATH. */
  onPath: string | null
}

const oldest = [20, 19] as const

/** Candidates in the order in which they are tried; the first that starts and is new enough is kept. */
export function runtimeChain(facts: RuntimeFacts): Runtime[] {
  const chain: Runtime[] = []
  if (facts.setting !== '') chain.push({ path: facts.setting, origin: 'setting' })
  if (!facts.electron) chain.push({ path: facts.execPath, origin: 'host' })
  if (facts.bundled) chain.push({ path: facts.bundled, origin: 'bundled' })
  if (facts.onPath) chain.push({ path: facts.onPath, origin: 'path' })
  if (facts.electron) chain.push({ path: facts.execPath, origin: 'electron' })
  return chain
}

/** `version` as process.versions.node says it. */
export function isNewEnough(version: string): boolean {
  const [major, minor] = version.split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

export function describeRuntime({ origin }: Runtime): string {
  const names: Record<Origin, string> = {
    setting: 'the Node of the setting',
    host: "the extension host's own Node",
    bundled: 'the Node of the package',
    path: 'node on PATH',
    electron: 'VS Code itself, which cannot read GPU buffers: computing on the CPU',
  }
  return names[origin]
}
