// Messages for what the Hub and the network refuse.
import type { HubName } from '../checkpoint/hubCache.ts'
import { errnoOf } from '../../system/diskErrors.ts'
import { EngineError } from '../errors.ts'
import type { HubAccess } from './hubAccess.ts'
import { Stalled } from './stall.ts'

export const httpsRemedy = 'set HF_ENDPOINT to an https:// address, since no token is sent over plain http'

/** The page where access to a model is asked for. */
export function pageOf({ endpoint }: HubAccess, { repository }: HubName): string {
  return `${endpoint}/${repository}`
}

/** Error for an answer that is no success. It reads the headers alone: pages of errors may be of any size. */
export async function refusal(response: Response, name: HubName, access: HubAccess): Promise<EngineError> {
  await response.body?.cancel().catch(() => undefined)
  const { status, headers } = response
  const page = pageOf(access, name)
  const { repository, revision } = name
  const code = headers.get('x-error-code')
  const because = (kind: 'not-found' | 'usage' | 'network', message: string) => new EngineError(kind, message)
  if (code === 'RevisionNotFound')
    return because(
      'not-found',
      `${repository} has no revision ${revision}; ${page}/tree/main lists those that there are`,
    )
  if (status === 404)
    return because(
      'not-found',
      `there is no ${repository} (${revision}) on ${access.endpoint}; check the name, or HF_ENDPOINT`,
    )
  if (status === 401 && access.token !== null && code !== 'GatedRepo' && code !== 'RepoNotFound')
    return because(
      'usage',
      `the Hub refuses the token in ${access.tokenPlace} for ${repository}; make another at ${access.endpoint}/settings/tokens`,
    )
  if (status === 401 || status === 403) {
    const how = access.tokenWithheld
      ? httpsRemedy
      : access.token === null
        ? 'set HF_TOKEN to a token of yours'
        : `put one of an account that has it in ${access.tokenPlace}`
    return because(
      'usage',
      `${repository} is gated or private, or there is no such model; ask for access on ${page} and ${how} (${access.endpoint}/settings/tokens)`,
    )
  }
  if (status === 429)
    return because('network', `${access.endpoint} is asked too often; wait a few minutes and try again`)
  return because('network', `${access.endpoint} answers with status ${status} for ${repository}; try again later`)
}

const reasons: Record<string, string> = {
  ENOTFOUND: 'its address cannot be found',
  EAI_AGAIN: 'its address cannot be found',
  ECONNREFUSED: 'it refuses the connection',
  ECONNRESET: 'it closed the connection',
  UND_ERR_SOCKET: 'it closed the connection',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
  UND_ERR_HEADERS_TIMEOUT: 'it does not answer',
  ENETUNREACH: 'there is no network',
}

/** Error for a request that got no answer, or whose answer broke off: then a missing proxy is not the cause. */
export function unreachable(
  error: unknown,
  url: URL,
  signal: AbortSignal | undefined,
  { proxyIgnored }: Pick<HubAccess, 'proxyIgnored'> = { proxyIgnored: false },
): EngineError {
  if (signal?.aborted && !(signal.reason instanceof Stalled)) return cancelled()
  if (error instanceof EngineError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const why = reasons[errnoOf(cause)] ?? (cause instanceof Error ? cause.message : String(cause))
  const mend = proxyIgnored
    ? 'Node uses the proxy that HTTPS_PROXY names from version 24 on, with NODE_USE_ENV_PROXY=1; or set HF_ENDPOINT to a mirror within reach'
    : 'check the network, or set HF_ENDPOINT to a mirror'
  return new EngineError('network', `${url.host} cannot be reached: ${why}; ${mend}`, { cause: error })
}

export function cancelled(): EngineError {
  return new EngineError('cancelled', 'cancelled; what has come is kept: the same again goes on there')
}
