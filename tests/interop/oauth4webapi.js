// oauth4webapi, the strict low-level client: it checks every answer against the RFCs by itself.
import * as oauth from 'oauth4webapi'
import { authentication, browse, refusal, say, settings, signingKey } from './conversation.js'

const wanted = await settings()
const confidential = wanted.auth_method !== 'none'
const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(wanted.issuer)
const client = { client_id: wanted.client_id }

const discovered = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure })
const server = await oauth.processDiscoveryResponse(issuer, discovered)
say('metadata', server)

const auth = await authentication(oauth, wanted)
const DPoP = wanted.dpop && oauth.DPoP(client, await oauth.generateKeyPair(wanted.dpop))
const proven = { DPoP, ...insecure }

// With a proof, and once more where the server wants a nonce of its own in it.
async function withProof(ask) {
  try {
    return await ask()
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error
    return ask()
  }
}

async function authorizationUrl(parameters) {
  const url = new URL(server.authorization_endpoint)
  if (wanted.jar) {
    parameters = { request: await oauth.issueRequestObject(server, client, parameters, await signingKey(wanted.jar)) }
  }
  if (wanted.par) {
    const { request_uri } = await withProof(async () => {
      const answer = await oauth.pushedAuthorizationRequest(server, client, auth, parameters, proven)
      return oauth.processPushedAuthorizationResponse(server, client, answer)
    })
    url.search = new URLSearchParams({ client_id: client.client_id, request_uri })
    return url
  }
  url.search = new URLSearchParams(parameters)
  return url
}

async function authorize() {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const url = await authorizationUrl({
    client_id: client.client_id,
    response_type: 'code',
    redirect_uri: wanted.redirect_uri,
    scope: wanted.scope,
    state,
    ...(wanted.resource && { resource: wanted.resource }),
    ...(wanted.jarm && { response_mode: 'jwt' }),
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const answered = await browse(url)
  const arrived = wanted.jarm
    ? await oauth.validateJwtAuthResponse(server, client, answered, state, insecure)
    : oauth.validateAuthResponse(server, client, answered, state)
  return withProof(async () => {
    const answer = await oauth.authorizationCodeGrantRequest(
      server, client, auth, arrived, wanted.redirect_uri, verifier, proven,
    )
    return oauth.processAuthorizationCodeResponse(server, client, answer)
  })
}

function refresh(token) {
  return withProof(async () => {
    const answer = await oauth.refreshTokenGrantRequest(server, client, auth, token, proven)
    return oauth.processRefreshTokenResponse(server, client, answer)
  })
}

async function introspect(token) {
  const options = { requestJwtResponse: wanted.signed_introspection, ...insecure }
  const answer = await oauth.introspectionRequest(server, client, auth, token, options)
  const told = await oauth.processIntrospectionResponse(server, client, answer)
  if (wanted.signed_introspection) await oauth.validateApplicationLevelSignature(server, answer, insecure)
  return told
}

say('denied', await refusal(authorize()))

const tokens = await authorize()
say('tokens', tokens)
if (confidential) say('introspected', await introspect(tokens.access_token))

const fresh = await refresh(tokens.refresh_token)
say('refreshed', fresh)

await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, auth, fresh.refresh_token, insecure))
if (confidential) say('after_revocation', await introspect(fresh.access_token))
say('refused', await refusal(refresh(fresh.refresh_token)))
process.exit(0)
