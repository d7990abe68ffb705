// openid-client, the stock client of Node, from discovery to revocation.
import * as oauth from 'openid-client'
import { authentication, browse, refusal, say, settings } from './conversation.js'

const wanted = await settings()
const confidential = wanted.auth_method !== 'none'

const config = await oauth.discovery(new URL(wanted.issuer), wanted.client_id, {}, await authentication(oauth, wanted), {
  algorithm: 'oauth2',
  execute: [oauth.allowInsecureRequests],
})
say('metadata', config.serverMetadata())

async function authorize() {
  const verifier = oauth.randomPKCECodeVerifier()
  const state = oauth.randomState()
  const parameters = {
    redirect_uri: wanted.redirect_uri,
    scope: wanted.scope,
    state,
    ...(wanted.resource && { resource: wanted.resource }),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }
  const url = wanted.par
    ? await oauth.buildAuthorizationUrlWithPAR(config, parameters)
    : oauth.buildAuthorizationUrl(config, parameters)
  const arrived = await browse(url)
  return oauth.authorizationCodeGrant(config, arrived, { pkceCodeVerifier: verifier, expectedState: state })
}

say('denied', await refusal(authorize()))

const tokens = await authorize()
say('tokens', tokens)
if (confidential) say('introspected', await oauth.tokenIntrospection(config, tokens.access_token))

const fresh = await oauth.refreshTokenGrant(config, tokens.refresh_token)
say('refreshed', fresh)

await oauth.tokenRevocation(config, fresh.refresh_token)
if (confidential) say('after_revocation', await oauth.tokenIntrospection(config, fresh.access_token))
say('refused', await refusal(oauth.refreshTokenGrant(config, fresh.refresh_token)))
process.exit(0)
