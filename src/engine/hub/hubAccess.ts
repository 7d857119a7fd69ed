// The address of the Hub and the token for it, found as huggingface_hub does.
import { homedir } from 'node:os'
import { tokenFile } from '../checkpoint/hubCache.ts'
import { readSmallFile } from '../checkpoint/regularFile.ts'
import { EngineError } from '../errors.ts'

export interface HubAccess {
  /** Such as https://huggingface.co, without a slash at the end. */
  readonly endpoint: string
  /** null if there is no token, or if the endpoint is plain http on another machine, to which no token is sent. */
  readonly token: string | null
  /** How the user can provide a token that the Hub accepts, for messages. */
  readonly remedy: string
}

const publicHub = 'https://huggingface.co'

/**
 * Reads HF_ENDPOINT, and HF_TOKEN or else the file of `hf auth login`.
 * @throws EngineError 'usage' when one of them is malformed, or HF_HUB_OFFLINE is set.
 */
export async function hubAccess(env: NodeJS.ProcessEnv = process.env, home: string = homedir()): Promise<HubAccess> {
  if (isOn(env.HF_HUB_OFFLINE))
    throw new EngineError('usage', 'HF_HUB_OFFLINE is set, which forbids requests to the Hub; unset it first')
  const endpoint = (env.HF_ENDPOINT || publicHub).replace(/\/+$/, '')
  const { protocol, hostname } = URL.canParse(endpoint) ? new URL(endpoint) : { protocol: '', hostname: '' }
  if (!/^https?:$/.test(protocol))
    throw new EngineError('usage', `HF_ENDPOINT is ${JSON.stringify(endpoint)}; give an address such as ${publicHub}`)
  const given = env.HF_TOKEN?.trim() ?? ''
  const place = given === '' ? tokenFile(env, home) : 'HF_TOKEN'
  const usesFile = given === '' && !isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)
  // A file that cannot be read counts as no token: public models need none.
  const token = usesFile ? (await readSmallFile(place, 4096).catch(() => '')).trim() : given
  if (!/^[\x21-\x7e]*$/.test(token))
    throw new EngineError('usage', `${place} contains characters that no token has; copy it again`)
  // Only loopback addresses are this machine: a name may resolve to any address, except for `localhost` (RFC 6761).
  const isPlain = protocol === 'http:' && !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
  const change = token === '' ? 'set HF_TOKEN to your token' : `put a token that may do this in ${place}`
  const remedy = isPlain ? 'set HF_ENDPOINT to an https:// address, since no token is sent over plain http' : change
  return { endpoint, token: isPlain || token === '' ? null : token, remedy: `${remedy} (${endpoint}/settings/tokens)` }
}

function isOn(setting: string | undefined): boolean {
  return /^(1|true|yes|on)$/i.test(setting ?? '')
}
