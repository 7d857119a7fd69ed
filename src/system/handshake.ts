// The proof that both ends of a socket know one secret, before any other message. Neither end sends it, no recorded
// proof is valid twice, at another place, or for the other end. HMAC is RFC 2104, with SHA-256:
//   client to server: c, 32 random bytes
//   server to client: s, 32 random bytes, and HMAC(secret, "server", place, c, s)
//   client to server: HMAC(secret, "client", place, c, s)
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Socket } from 'node:net'

/** Length of a secret, a nonce and a proof. */
export const secretBytes = 32

/** How long to wait for the other end; tests set it. */
interface Patience {
  readonly waitMs?: number
}

const defaultWaitMs = 20_000

export interface Secret {
  /** `secretBytes` long. */
  readonly secret: Uint8Array
  /** Address of the socket: a proof for one place is not valid for another. */
  readonly place: string
}

/** Whether the other end is a client that knows the secret. What it sends afterwards is left in the socket. */
export async function proveAsServer(socket: Socket, known: Secret, patience?: Patience): Promise<boolean> {
  const client = await take(socket, secretBytes, patience)
  if (!client) return false
  const server = randomBytes(secretBytes)
  socket.write(Buffer.concat([server, proofOf('server', known, client, server)]))
  const proof = await take(socket, secretBytes, patience)
  return proof !== null && timingSafeEqual(proof, proofOf('client', known, client, server))
}

/** 'gone': the other end has closed the socket, or said nothing in time. 'stranger': it does not know the secret. */
export async function proveAsClient(
  socket: Socket,
  known: Secret,
  patience?: Patience,
): Promise<'proved' | 'gone' | 'stranger'> {
  const client = randomBytes(secretBytes)
  socket.write(client)
  const answer = await take(socket, 2 * secretBytes, patience)
  if (!answer) return 'gone'
  const server = answer.subarray(0, secretBytes)
  if (!timingSafeEqual(answer.subarray(secretBytes), proofOf('server', known, client, server))) return 'stranger'
  socket.write(proofOf('client', known, client, server))
  return 'proved'
}

function proofOf(end: 'client' | 'server', { secret, place }: Secret, client: Uint8Array, server: Uint8Array): Buffer {
  const said = createHmac('sha256', secret).update(JSON.stringify([end, place]))
  return said.update(client).update(server).digest()
}

/** Exactly so many bytes; null where the socket ends or the time is over before they have come. */
function take(socket: Socket, bytes: number, { waitMs = defaultWaitMs }: Patience = {}): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const end = (taken: Buffer | null) => {
      clearTimeout(timer)
      socket.off('readable', look).off('end', stop).off('close', stop).off('error', stop)
      resolve(taken)
    }
    const stop = () => end(null)
    const look = () => {
      const taken = socket.read(bytes) as Buffer | null
      // At its end, a socket returns what is left, which may be less.
      if (taken) end(taken.length === bytes ? taken : null)
    }
    const timer = setTimeout(stop, waitMs)
    socket.on('readable', look).on('end', stop).on('close', stop).on('error', stop)
    if (socket.destroyed) stop()
  })
}
