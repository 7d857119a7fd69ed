// Messages for errors of the Hub and the network.
import { errnoOf } from '../../system/diskErrors.ts'
import type { HubName } from '../checkpoint/hubCache.ts'
import { EngineError } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'

export const httpsRemedy = 'set HF_ENDPOINT to an https:// address, since no token is sent over plain http'

/** The page of a model at a revision. */
export function pageOf({ endpoint }: HubAccess, { repository, revision }: HubName): string {
  const page = `${endpoint}/${repository}`
  return revision === 'main' ? page : `${page}/tree/${revision.split('/').map(encodeURIComponent).join('/')}`
}

const usage = (why: string) => new EngineError('usage', why)

/** Error for an answer that is no success, by its status and headers alone. `writes`: it answers what was sent. */
export function refusal(
  { status, headers }: Response,
  url: URL,
  { repository, revision }: HubName,
  { endpoint, token, tokenPlace, tokenWithheld }: HubAccess,
  writes: boolean,
): EngineError {
  const page = `${endpoint}/${repository}`
  const tokens = `${endpoint}/settings/tokens`
  const code = headers.get('x-error-code')
  const ofHub = url.origin === new URL(endpoint).origin
  if (status >= 300 && status < 400) {
    const why = `${url.host} redirects ${repository}, as it does for a model with a new name; use that name`
    return new EngineError('network', why, { reason: 'redirect' })
  }
  if (writes && ofHub) {
    if (status === 403)
      return usage(`the token in ${tokenPlace} may not write to ${repository}; make one that may at ${tokens}`)
    if (status === 400 || status === 413 || status === 422)
      return usage(`the Hub refuses what is sent to ${repository} (status ${status}); check its name`)
    if (status === 409 || status === 412)
      return new EngineError('exists', `${repository} was changed meanwhile; push again to see what would be replaced`)
  }
  if (code === 'RevisionNotFound')
    return new EngineError('not-found', `${repository} has no revision ${revision}; see ${page}`)
  if (status === 404)
    return new EngineError('not-found', `there is no ${repository} (${revision}) on ${endpoint}; check the name`)
  if (ofHub && status === 401 && token !== null && code !== 'GatedRepo' && code !== 'RepoNotFound')
    return usage(`the Hub refuses the token in ${tokenPlace} for ${repository}; make another at ${tokens}`)
  if (ofHub && (status === 401 || status === 403)) {
    const own = token === null ? 'set HF_TOKEN to your token' : `put a token that has it in ${tokenPlace}`
    const how = tokenWithheld ? httpsRemedy : own
    return usage(
      `${repository} is gated or private, or does not exist; ask for access on ${page} and ${how} (${tokens})`,
    )
  }
  const when = status === 429 ? 'in a few minutes, it limits the number of requests' : 'later'
  return new EngineError('network', `${url.host} answers with status ${status} for ${repository}; try again ${when}`)
}

const reasons: Record<string, string> = {
  ENOTFOUND: 'its address cannot be found',
  EAI_AGAIN: 'its address cannot be found',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  ENETUNREACH: 'there is no network',
}

/** Error for a request without an answer, or whose answer broke off. */
export function unreachable(error: unknown, host: string, signal: AbortSignal | undefined): EngineError {
  if (signal?.aborted)
    return new EngineError(
      'cancelled',
      'cancelled; the received parts are kept, and the next attempt continues from them',
    )
  if (error instanceof EngineError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const why = reasons[errnoOf(cause)] ?? (cause instanceof Error ? cause.message : String(cause))
  const remedy = process.env.HTTPS_PROXY
    ? 'Node uses HTTPS_PROXY from version 24 on, with NODE_USE_ENV_PROXY=1'
    : 'check the network'
  const message = `${host} cannot be reached: ${why}; ${remedy}, or set HF_ENDPOINT to a mirror`
  return new EngineError('network', message, { cause: error })
}
