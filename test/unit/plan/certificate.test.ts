import assert from 'node:assert/strict'
import { sumOfCertificates } from '../../../src/plan/certificate.ts'

describe('the certificate of several matrices', () => {
  const of = (error: number, room: number, tokens?: number) => ({
    rows: 2,
    error,
    room,
    rows_without_room: 0.5,
    tokens,
  })

  it('weights the room of each by its error', () => {
    assert.deepEqual(sumOfCertificates([of(3, 0.1, 8), of(1, 0.5, 8)]), {
      rows: 4,
      error: 4,
      room: 0.2,
      rows_without_room: 0.5,
    })
    assert.equal(sumOfCertificates([of(3, 0.1), of(1, 0.5)])?.room, 0.2)
    assert.equal(sumOfCertificates([]), null)
  })

  it('weights an expert by the error of all tokens that it saw', () => {
    const room = sumOfCertificates([of(1, 0.5, 10), of(1, 0, 9990)])?.room
    assert.equal(room, 0.0005)
  })
})
