// openid-client, the stock client of Node, from discovery to revocation.
import * as oauth from 'openid-client'
import { authentication, browse, refusal, say, settings, signingKey } from './conversation.js'

const wanted = await settings()
const confidential = wanted.auth_method !== 'none'

const metadata = wanted.signed_introspection ? { introspection_signed_response_alg: 'ES256' } : {}
const authenticated = await authentication(oauth, wanted)

const config = await oauth.discovery(new URL(wanted.issuer), wanted.client_id, metadata, authenticated, {
  algorithm: 'oauth2',
  execute: [oauth.allowInsecureRequests],
})
say('metadata', config.serverMetadata())
if (wanted.jarm) oauth.useJwtResponseMode(config)
const DPoP = wanted.dpop && oauth.getDPoPHandle(config, await oauth.randomDPoPKeyPair(wanted.dpop))
const proven = { DPoP }

async function authorizationUrl(parameters) {
  if (wanted.jar) {
    const key = await signingKey(wanted.jar)
    parameters = (await oauth.buildAuthorizationUrlWithJAR(config, parameters, key)).searchParams
  }
  return wanted.par
    ? oauth.buildAuthorizationUrlWithPAR(config, parameters, proven)
    : oauth.buildAuthorizationUrl(config, parameters)
}

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
  const arrived = await browse(await authorizationUrl(parameters))
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  return oauth.authorizationCodeGrant(config, arrived, checks, undefined, proven)
}

const refresh = (token) => oauth.refreshTokenGrant(config, token, undefined, proven)

say('denied', await refusal(authorize()))

const tokens = await authorize()
say('tokens', tokens)
if (confidential) say('introspected', await oauth.tokenIntrospection(config, tokens.access_token))

const fresh = await refresh(tokens.refresh_token)
say('refreshed', fresh)

await oauth.tokenRevocation(config, fresh.refresh_token)
if (confidential) say('after_revocation', await oauth.tokenIntrospection(config, fresh.access_token))
say('refused', await refusal(refresh(fresh.refresh_token)))
process.exit(0)
