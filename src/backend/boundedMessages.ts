// A message is held until it is whole, so its length is looked at before: a header `Content-Length: N`, an empty line, N bytes.
import { Transform, type TransformCallback } from 'node:stream'

/** The longest that a window sends is a recipe's text, which is at most 16 MiB. */
const mostBytes = 64 * 2 ** 20
const mostHeaderBytes = 4096
const headerEnd = '\r\n\r\n'

/** Passes on what comes; fails at a message that is longer than any of ours, before it has come. */
export function boundedMessages(): Transform {
  let header = ''
  let bodyLeft = 0
  const check = (chunk: Buffer) => {
    for (let at = 0; at < chunk.length;) {
      const body = Math.min(bodyLeft, chunk.length - at)
      bodyLeft -= body
      at += body
      if (at === chunk.length) return
      const had = header.length
      header += chunk.toString('latin1', at, at + mostHeaderBytes)
      const end = header.indexOf(headerEnd)
      if (end < 0 && header.length < mostHeaderBytes) return
      const length = /^content-length:\s*(\d+)\s*$/im.exec(end < 0 ? '' : header.slice(0, end))?.[1]
      if (length === undefined) throw new Error('no header of a message')
      if (Number(length) > mostBytes) throw new Error(`a message of ${length} bytes; ours have at most ${mostBytes}`)
      at += end + headerEnd.length - had
      bodyLeft = Number(length)
      header = ''
    }
  }
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      try {
        check(chunk)
        done(null, chunk)
      } catch (error) {
        done(error as Error)
      }
    },
  })
}
