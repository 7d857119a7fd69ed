// Tests that a machine cannot run print the reason. Where the machine was set up for them (CI), they fail instead.

/** Skips where something from `npm run setup` or the build is missing: a WebGPU adapter, a browser, a VS Code, bundles. */
export function lacks(context: Mocha.Context, what: string): never {
  // The set-up installs something only on Linux; a job for GPUs says that its machine has one.
  if ((process.env.CI && process.platform === 'linux') || process.env.SPARSESCOPE_NEEDS_GPU)
    throw new Error(`${what} (with CI or SPARSESCOPE_NEEDS_GPU set, that is a failure)`)
  return cannot(context, what)
}

/** Skips where something is missing that no set-up provides: another platform, the rights of root, a large model. */
export function cannot(context: Mocha.Context, why: string): never {
  console.log(`      skipped: ${why}`)
  return context.skip()
}
