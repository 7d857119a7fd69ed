// The address of the Hub and the token for it.
import { homedir } from 'node:os'
import { tokenFile } from '../checkpoint/hubCache.ts'
import { readSmallFile } from '../checkpoint/smallFile.ts'
import { EngineError } from '../errors.ts'

export interface HubAccess {
  /** Such as https://huggingface.co, without a slash at the end. */
  readonly endpoint: string
  readonly token: string | null
  /** No token is sent, whether or not there is one: the endpoint is plain http on another machine. */
  readonly tokenWithheld: boolean
  /** The source of the token for messages; when there is none, the places where one could be. */
  readonly tokenPlace: string
  /** The environment names a proxy that this Node does not use. */
  readonly proxyIgnored: boolean
  /** Replaces `fetch` in tests. */
  readonly fetch: typeof fetch
}

const publicHub = 'https://huggingface.co'

/**
 * Reads HF_ENDPOINT, and HF_TOKEN or else the file of `hf auth login`, as huggingface_hub does.
 * @throws EngineError 'usage' when they cannot be meant.
 */
export async function hubAccess(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): Promise<HubAccess> {
  if (isOn(env.HF_HUB_OFFLINE))
    throw new EngineError('usage', 'HF_HUB_OFFLINE is set, so the Hub is not asked; unset it first')
  const endpoint = (env.HF_ENDPOINT || publicHub).replace(/\/+$/, '')
  const { protocol = '', hostname = '' } = urlOf(endpoint) ?? {}
  if (!/^https?:$/.test(protocol))
    throw new EngineError('usage', `HF_ENDPOINT is ${JSON.stringify(endpoint)}; give an address such as ${publicHub}`)
  // Anybody on the way reads what goes over plain http.
  const tokenWithheld = protocol === 'http:' && !isLoopback(hostname)
  const token = env.HF_TOKEN?.trim() || null
  const stored = token !== null || isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? null : await storedToken(env, home)
  const place = stored === null ? 'HF_TOKEN' : tokenFile(env, home)
  if (!/^[\x21-\x7e]*$/.test(token ?? stored ?? ''))
    throw new EngineError('usage', `${place} holds characters that no token has; copy it again`)
  return {
    endpoint,
    token: tokenWithheld ? null : (token ?? stored),
    tokenWithheld,
    tokenPlace: place,
    proxyIgnored: [env.HTTPS_PROXY, env.https_proxy, env.ALL_PROXY, env.all_proxy].some(Boolean) && !usesProxy(env),
    fetch,
  }
}

function isOn(setting: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(setting ?? '')
}

/** By address alone: a name may lead anywhere, `localhost` (RFC 6761) excepted. `hostname`: as URL normalises it. */
function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}

/** A file that cannot be read counts as no token: public models need none. */
async function storedToken(env: NodeJS.ProcessEnv, home: string): Promise<string | null> {
  const text = await readSmallFile(tokenFile(env, home), 4096).catch(() => '')
  return text.trim() || null
}

/** Node's own fetch goes through proxies from version 24 on, when asked to. */
function usesProxy(env: NodeJS.ProcessEnv): boolean {
  return Number(process.versions.node.split('.')[0]) >= 24 && env.NODE_USE_ENV_PROXY === '1'
}

export function urlOf(text: string, base?: URL): URL | null {
  return URL.canParse(text, base?.href) ? new URL(text, base) : null
}
