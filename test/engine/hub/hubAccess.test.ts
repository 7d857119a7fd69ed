import assert from 'node:assert/strict'
import { hubAccess } from '../../../src/engine/hub/hubAccess.ts'
import { planPush } from '../../../src/engine/hub/push.ts'
import { scratch, type Scratch } from '../../support/scratch.ts'

const token = 'hf_secret'

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

  it('names the place of a token that may be refused, or is invalid', async () => {
    const file = temp.write('home/.cache/huggingface/token', token)
    assert.ok((await access()).remedy.includes(file))
    assert.match((await access({ HF_TOKEN: token })).remedy, /in HF_TOKEN/)
    temp.write('home/.cache/huggingface/token', 'hf_a b')
    await assert.rejects(access(), { code: 'usage', message: new RegExp(`${file} contains characters`) })
  })

  it('sends no token over plain http, except to this machine, and says so', async () => {
    const at = (endpoint: string) => access({ HF_ENDPOINT: endpoint, HF_TOKEN: token })
    for (const endpoint of ['http://localhost:80', 'http://127.0.0.1:8080', 'http://[::1]:1', 'HTTPS://hub.example'])
      assert.equal((await at(endpoint)).token, token, endpoint)
    const others = ['http://hub.example', 'HTTP://hub.example', 'http://127.0.0.1.example', 'http://localhost.example']
    for (const endpoint of others) {
      const given = await at(endpoint)
      assert.equal(given.token, null, endpoint)
      const name = { repository: 'org/tiny', revision: 'main' }
      const pushed = planPush({ name, create: true, isPrivate: true }, [], { access: given })
      await assert.rejects(pushed, {
        code: 'usage',
        message: /set HF_ENDPOINT to an https:\/\/ address, since no token is sent over plain http/,
      })
    }
  })

  it('refuses an endpoint or a token that cannot be meant, and work without the network', async () => {
    const wrong = [{ HF_ENDPOINT: 'file:///x' }, { HF_ENDPOINT: 'hub' }, { HF_TOKEN: 'a\nb' }, { HF_HUB_OFFLINE: '1' }]
    for (const env of wrong) await assert.rejects(access(env), { code: 'usage' })
    assert.equal((await access()).endpoint, 'https://huggingface.co')
  })
})
