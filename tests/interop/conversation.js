// What the scripts of this folder share: a story in which the test is the data owner's browser.
// The test writes the settings as one line of JSON, gets back lines of JSON, and answers each `authorize` with the URL at
// which the browser arrived.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function line() {
  const { value, done } = await lines.next()
  if (done) throw new Error('the test has hung up')
  return value
}

export async function settings() {
  return JSON.parse(await line())
}

export function say(name, value) {
  process.stdout.write(`${JSON.stringify({ [name]: value })}\n`)
}

export async function browse(url) {
  say('authorize', url.href)
  return new URL(await line())
}

// How the client authenticates, by a library whose methods have these names.
export async function authentication(library, wanted) {
  switch (wanted.auth_method) {
    case 'client_secret_post':
      return library.ClientSecretPost(wanted.client_secret)
    case 'private_key_jwt':
      return library.PrivateKeyJwt(await signingKey(wanted.jwk))
    case 'none':
      return library.None()
    default:
      return library.ClientSecretBasic(wanted.client_secret)
  }
}

// The private key of a client that signs who it is, or what it asks for, as Web Crypto wants it.
export async function signingKey(jwk) {
  const algorithms = {
    ES256: { name: 'ECDSA', namedCurve: 'P-256' },
    PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
    EdDSA: { name: 'Ed25519' },
    Ed25519: { name: 'Ed25519' },
  }
  const { kid, alg, ...rest } = jwk
  const key = await crypto.subtle.importKey('jwk', rest, algorithms[alg], false, ['sign'])
  return { key, kid }
}

export async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.cause?.error ?? String(error)
  }
  return 'nothing was refused'
}
