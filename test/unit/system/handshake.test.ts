import assert from 'node:assert/strict'
import { createServer, connect, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { proveAsClient, proveAsServer, secretBytes, type Secret } from '../../../src/system/handshake.ts'

describe('the proof of a secret', () => {
  const secret = randomBytes(secretBytes)
  const known = { secret, place: 'here' }
  let server: Server
  let client: Socket
  let accepted: Socket
  beforeEach(async () => {
    server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    client = connect((server.address() as { port: number }).port, '127.0.0.1')
    ;[accepted] = (await once(server, 'connection')) as [Socket]
    for (const socket of [client, accepted]) socket.on('error', () => {})
  })
  afterEach(async () => {
    for (const socket of [client, accepted]) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  const asClient = async (known: Secret) => {
    const found = await proveAsClient(client, known)
    // What a client does: the server then stops waiting for its proof.
    if (found !== 'proved') client.destroy()
    return found
  }
  const both = (ofServer: Secret, ofClient: Secret) =>
    Promise.all([proveAsServer(accepted, ofServer), asClient(ofClient)])

  it('passes if both ends know it, and the next message arrives whole', async () => {
    assert.deepEqual(await both(known, known), [true, 'proved'])
    const heard = once(accepted, 'data')
    client.write('next')
    assert.equal(String((await heard)[0]), 'next')
    const back = once(client, 'data')
    accepted.write('answer')
    assert.equal(String((await back)[0]), 'answer')
  })

  it('fails for both ends if their secrets or places differ', async () => {
    assert.deepEqual(await both(known, { ...known, secret: randomBytes(secretBytes) }), [false, 'stranger'])
  })

  it('fails where a proof is passed on from another place', async () => {
    assert.deepEqual(await both(known, { ...known, place: 'there' }), [false, 'stranger'])
  })

  it('fails if an end echoes what it receives, or replays a record', async () => {
    accepted.on('data', (chunk: Buffer) => accepted.write(Buffer.concat([chunk, chunk])))
    assert.equal(await proveAsClient(client, known), 'stranger')
  })

  it('fails for a recorded proof of a client', async () => {
    const recorded: Buffer[] = []
    const { write } = client
    client.write = ((chunk: Buffer) => (recorded.push(chunk), write.call(client, chunk))) as typeof client.write
    assert.deepEqual(await both(known, known), [true, 'proved'])
    const again = connect((server.address() as { port: number }).port, '127.0.0.1')
    const [second] = (await once(server, 'connection')) as [Socket]
    const proved = proveAsServer(second, known)
    again.write(Buffer.concat(recorded))
    assert.equal(await proved, false)
    for (const socket of [again, second]) socket.destroy()
  })

  it('ends where the other end sends nothing, too little, or closes', async () => {
    assert.equal(await proveAsServer(accepted, known, { waitMs: 20 }), false)
    client.write('short')
    assert.equal(await proveAsServer(accepted, known, { waitMs: 20 }), false)
    const gone = proveAsServer(accepted, known, { waitMs: 60_000 })
    client.destroy()
    assert.equal(await gone, false)
    assert.equal(await proveAsServer(accepted, known, { waitMs: 60_000 }), false)
  })
})
