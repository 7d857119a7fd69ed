// The address of the Hub and the token for it, found as huggingface_hub does.
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
  /** The source of the token for messages; without a token, the place for one. */
  readonly tokenPlace: string
}

const publicHub = 'https://huggingface.co'

/**
 * Reads HF_ENDPOINT, and HF_TOKEN or else the file of `hf auth login`.
 * @throws EngineError 'usage' when they cannot be meant.
 */
export async function hubAccess(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): Promise<HubAccess> {
  if (isOn(env.HF_HUB_OFFLINE))
    throw new EngineError('usage', 'HF_HUB_OFFLINE is set, which forbids requests to the Hub; unset it first')
  const endpoint = (env.HF_ENDPOINT || publicHub).replace(/\/+$/, '')
  const { protocol, hostname } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '', hostname: '' }
  if (!/^https?:$/.test(protocol))
    throw new EngineError('usage', `HF_ENDPOINT is ${JSON.stringify(endpoint)}; give an address such as ${publicHub}`)
  // By address alone: a name may lead anywhere, `localhost` (RFC 6761) excepted.
  const tokenWithheld = protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  const given = env.HF_TOKEN?.trim() || null
  const stored = given !== null || isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN) ? null : await storedToken(env, home)
  const tokenPlace = stored === null ? 'HF_TOKEN' : tokenFile(env, home)
  const token = given ?? stored
  if (!/^[\x21-\x7e]*$/.test(token ?? ''))
    throw new EngineError('usage', `${tokenPlace} contains characters that no token has; copy it again`)
  return { endpoint, token: tokenWithheld ? null : token, tokenWithheld, tokenPlace }
}

function isOn(setting: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(setting ?? '')
}

/** A file that cannot be read counts as no token: public models need no token. */
async function storedToken(env: NodeJS.ProcessEnv, home: string): Promise<string | null> {
  const text = await readSmallFile(tokenFile(env, home), 4096).catch(() => '')
  return text.trim() || null
}
