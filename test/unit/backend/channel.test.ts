import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import {
  createMessageConnection,
  ErrorCodes,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node'
import { boundedMessages } from '../../../src/backend/connections.ts'
import { serve } from '../../../src/backend/channel.ts'
import { createHandlers } from '../../../src/backend/handlers.ts'

describe('the channel of the backend', () => {
  it('says what is wrong with invalid parameters of any call', async () => {
    const [toServer, toClient] = [new PassThrough(), new PassThrough()]
    const { handlers } = createHandlers()
    serve(createMessageConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient)), handlers)
    const client = createMessageConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer))
    client.listen()
    for (const name of Object.keys(handlers))
      for (const message of [
        7,
        { token: 1, params: [] },
        { token: 'a', params: null },
        { token: 1, params: { path: 3 } },
      ])
        await assert.rejects(
          client.sendRequest(name, message),
          (error) =>
            error instanceof ResponseError && error.code === ErrorCodes.InvalidParams && error.message.includes(name),
        )
    assert.equal(await client.sendRequest('ping', { token: 1, params: null }), null)
    client.dispose()
  })

  describe('passes on messages', () => {
    const framed = (body: string) => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
    const passed = async (parts: Iterable<string | Buffer>) => {
      const chunks: Buffer[] = []
      const stream = boundedMessages()
      const ended = (async () => {
        for await (const chunk of stream) chunks.push(chunk as Buffer)
      })()
      for (const part of parts) if (!stream.destroyed) stream.write(part)
      stream.end()
      await ended
      return Buffer.concat(chunks).toString()
    }

    it('however they are cut', async () => {
      const text = ['{}', '{"a": "\r\n\r\nContent-Length: 999999999"}', 'x'.repeat(10_000)].map(framed).join('')
      for (const size of [1, 7, 4096, text.length])
        assert.equal(
          await passed(
            Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size)),
          ),
          text,
        )
    })

    it('refuses a message longer than any of ours, and a header without an end, before more arrives', async () => {
      await assert.rejects(passed([`${framed('{}')}Content-Length: 400000000\r\n\r\n{`]), /400000000 bytes/)
      await assert.rejects(passed(['Content-Length: 2\r\n', 'X: y\r\n'.repeat(2000)]), /no header of a message/)
      await assert.rejects(passed(['no header\r\n\r\n']), /no header of a message/)
    })
  })
})
