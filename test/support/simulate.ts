// An adapter that seems to offer less than this machine's.

/** What is hidden and lowered. Nothing is raised: where the driver has less, that stays. */
export interface SimulatedAdapter {
  /** Names of features. */
  readonly hides?: readonly string[]
  /** Limits by WebGPU's names. */
  readonly limits?: Readonly<Record<string, number>>
  /** Lanes of a subgroup, least and most; the driver's own sizes stay: a kernel must not rely on these. */
  readonly subgroupSizes?: readonly [number, number]
  /** Shapes of matrix units; a product with them computes what the driver makes of it. */
  readonly subgroupMatrixConfigs?: readonly object[]
}

export function simulate(
  adapter: GPUAdapter,
  { hides = [], limits = {}, subgroupSizes, ...matrices }: SimulatedAdapter,
): GPUAdapter {
  const lowered = Object.entries(limits).map(([name, value]) => {
    const own = adapter.limits[name as keyof GPUSupportedLimits] as number
    // An alignment is worse where it is larger.
    return [name, name.startsWith('min') ? Math.max(own, value) : Math.min(own, value)] as const
  })
  const { subgroupMinSize, subgroupMaxSize } = adapter.info
  const [least, most] = subgroupSizes ?? [subgroupMinSize, subgroupMaxSize]
  return over(adapter, {
    features: new Set(Array.from(adapter.features).filter((feature) => !hides.includes(feature))),
    limits: over(adapter.limits, Object.fromEntries(lowered)),
    info: over(adapter.info, { subgroupMinSize: least, subgroupMaxSize: most, ...matrices }),
  })
}

/** Dawn's objects answer for themselves alone: neither a copy nor an heir has their properties. */
function over<T extends object>(target: T, instead: Readonly<Record<string, unknown>>): T {
  return new Proxy(target, {
    get(own, name) {
      if (typeof name === 'string' && name in instead) return instead[name]
      const value: unknown = Reflect.get(own, name)
      return typeof value === 'function' ? (value.bind(own) as unknown) : value
    },
  })
}
