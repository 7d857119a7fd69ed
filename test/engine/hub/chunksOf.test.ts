import assert from 'node:assert/strict'
import { chunksOf } from '../../../src/engine/hub/hubGet.ts'

describe('chunksOf', () => {
  it('ends with its signal, also where the stream itself neither ends nor fails', async () => {
    const abort = new AbortController()
    let cancelled = false
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Uint8Array.of(1, 2)),
      cancel: () => void (cancelled = true),
    })
    const seen: number[] = []
    const all = async () => {
      for await (const chunk of chunksOf(new Response(body), abort.signal)) {
        seen.push(...chunk)
        abort.abort(new Error('enough'))
      }
    }
    await assert.rejects(all(), /enough/)
    assert.deepEqual([seen, cancelled], [[1, 2], true])
  })

  it('refuses at once when it has ended before, and gives nothing of an empty answer', async () => {
    const walk = async (response: Response, signal?: AbortSignal) => {
      for await (const chunk of chunksOf(response, signal)) assert.fail(String(chunk))
    }
    await assert.rejects(walk(new Response(new ReadableStream()), AbortSignal.abort(new Error('too late'))), /too late/)
    await walk(new Response(null))
  })
})
