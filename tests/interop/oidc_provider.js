// An OpenID provider that knows nothing of us, with its own pages to sign in, to agree and to sign out.
// The test writes the settings as one line of JSON, gets the issuer back, and ends the process when it is done.
import { createServer } from 'node:http'
import { generateKeyPair, exportJWK } from 'jose'
import Provider from 'oidc-provider'
import { say, settings } from './conversation.js'

const { client, accounts } = await settings()
const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const jwks = { keys: [{ ...(await exportJWK(privateKey)), kid: 'test-1', use: 'sig', alg: 'ES256' }] }

const server = createServer()
await new Promise((done) => server.listen(0, '127.0.0.1', done))
const issuer = `http://127.0.0.1:${server.address().port}`

const provider = new Provider(issuer, {
  clients: [{ id_token_signed_response_alg: 'ES256', ...client }],
  jwks,
  cookies: { keys: ['a secret of the test'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'locale', 'zoneinfo'] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, ...accounts[id] }) }),
  features: {
    devInteractions: { enabled: true },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource(ctx, form) {
        ctx.body = form.replace('</form>', '<button name="logout" value="yes">Sign out</button></form>')
      },
    },
  },
})
server.on('request', provider.callback())
say('issuer', issuer)
