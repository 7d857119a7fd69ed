import assert from 'node:assert/strict'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { refusal, unreachable } from '../../../src/engine/hub/hubErrors.ts'
import { hubFetch } from '../../../src/engine/hub/hubFetch.ts'
import { planPush } from '../../../src/engine/hub/push.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const token = 'hf_secret'
const url = new URL('https://huggingface.co/org/tiny')

describe('access to the Hub', () => {
  let temp: Scratch
  beforeEach(() => (temp = scratch()))
  const access = (env: NodeJS.ProcessEnv = {}) => hubAccess(env, temp.path('home'))

  it('uses the token of `hf auth login` where HF_TOKEN is not set', async () => {
    const file = temp.write('home/.cache/huggingface/token', `${token}\n`)
    assert.equal((await access()).token, token)
    assert.equal((await access({ HF_TOKEN: 'hf_other' })).token, 'hf_other')
    assert.equal((await access({ HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' })).token, null)
    assert.equal((await access({ HF_HOME: temp.path('elsewhere') })).token, null)
    assert.equal((await access({ HF_HOME: temp.path('elsewhere'), HF_TOKEN_PATH: file })).token, token)
  })

  it('names the place of a token that is refused or invalid', async () => {
    const file = temp.write('home/.cache/huggingface/token', token)
    const name = { repository: 'org/tiny', revision: 'main' }
    const refused = async (env: NodeJS.ProcessEnv) =>
      refusal(new Response(null, { status: 401 }), url, name, await access(env), false).message
    assert.ok((await refused({})).includes(`the token in ${file}`))
    assert.match(await refused({ HF_TOKEN: token }), /the token in HF_TOKEN/)
    temp.write('home/.cache/huggingface/token', 'hf_a b')
    await assert.rejects(access(), { code: 'usage', message: new RegExp(`${file} contains characters`) })
  })

  it('sends no token over plain http, except to this machine, and says so', async () => {
    const at = (endpoint: string) => access({ HF_ENDPOINT: endpoint, HF_TOKEN: token })
    for (const endpoint of ['http://localhost:80', 'http://127.0.0.1:8080', 'http://[::1]:1', 'HTTPS://hub.example'])
      assert.deepEqual([(await at(endpoint)).token, (await at(endpoint)).tokenWithheld], [token, false], endpoint)
    const others = ['http://hub.example', 'HTTP://hub.example', 'http://127.0.0.1.example', 'http://localhost.example']
    for (const endpoint of others) {
      const given = await at(endpoint)
      assert.deepEqual([given.token, given.tokenWithheld], [null, true], endpoint)
      const name = { repository: 'org/tiny', revision: 'main' }
      const { message } = refusal(new Response(null, { status: 401 }), new URL('/x', endpoint), name, given, false)
      assert.match(message, /set HF_ENDPOINT to an https:\/\/ address, since no token is sent over plain http/)
      const pushed = planPush({ name, create: true, isPrivate: true }, [], { access: given })
      await assert.rejects(pushed, { code: 'usage', message: /no token is sent over plain http/ })
    }
  })

  it('sends nothing without encryption where the Hub has it, and follows no such redirect', async () => {
    const session = { access: await access({ HF_TOKEN: token }) }
    const ask = hubFetch({ repository: 'org/tiny', revision: 'main' }, session)
    const refused = {
      code: 'network',
      reason: 'redirect',
      message: /leads to "http:.*which is not an encrypted address/,
    }
    for (const method of ['GET', 'PUT']) await assert.rejects(ask('http://127.0.0.1:1/file', { method }), refused)
  })

  it('names the proxy of the environment when a connection fails', () => {
    const message = () => unreachable(new Error('no route'), 'hub.example', undefined).message
    const before = process.env.HTTPS_PROXY
    try {
      delete process.env.HTTPS_PROXY
      assert.match(message(), /^hub.example cannot be reached: no route; check the network, or set HF_ENDPOINT/)
      process.env.HTTPS_PROXY = 'http://proxy:3128'
      assert.match(message(), /no route; Node uses HTTPS_PROXY from version 24 on/)
    } finally {
      delete process.env.HTTPS_PROXY
      if (before !== undefined) process.env.HTTPS_PROXY = before
    }
  })

  it('refuses an endpoint or a token that cannot be meant, and work without the network', async () => {
    const wrong = [{ HF_ENDPOINT: 'file:///x' }, { HF_ENDPOINT: 'hub' }, { HF_TOKEN: 'a\nb' }, { HF_HUB_OFFLINE: '1' }]
    for (const env of wrong) await assert.rejects(access(env), { code: 'usage' })
    assert.equal((await access()).endpoint, 'https://huggingface.co')
  })
})
