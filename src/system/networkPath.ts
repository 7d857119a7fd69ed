// Paths of Windows that name another machine: opening one sends the credentials of this account there.

/** The sentence for a recipe that names one, without its subject. */
export const networkPathProblem =
  'it is on a share of another machine, which would get the credentials of your account: copy it to this machine or map the share to a drive letter, and name that path'

/** Whether `given`, as written and not resolved, begins as `\\\\server\\share` does. Windows takes slashes of both kinds. */
export function isNetworkPath(given: string, platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32' ? /^[\\/]{2}/.test(given) : given.startsWith('\\\\')
}
