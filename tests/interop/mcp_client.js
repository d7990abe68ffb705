// An AI assistant made with the official MCP library: it knows the address of a server, and is told everything else.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { browse, say, settings } from './conversation.js'

const wanted = await settings()
const asked = []

// What the library hands over to be kept, and the page that it wants the person to see.
class Provider {
  constructor() {
    this.kept = { client: wanted.client }
    this.clientMetadataUrl = wanted.client_metadata_url
    this.redirectUrl = wanted.redirect_uri
    this.clientMetadata = {
      client_name: 'Assistant',
      redirect_uris: [wanted.redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }
  state = () => (this.kept.state = crypto.randomUUID())
  clientInformation = () => this.kept.client
  saveClientInformation = (client) => void (this.kept.client = client)
  tokens = () => this.kept.tokens
  saveTokens = (tokens) => void (this.kept.tokens = tokens)
  redirectToAuthorization = (url) => void (this.kept.page = url)
  saveCodeVerifier = (verifier) => void (this.kept.verifier = verifier)
  codeVerifier = () => this.kept.verifier
  invalidateCredentials = () => void delete this.kept.tokens
}

const authProvider = new Provider()

async function connected() {
  const transport = new StreamableHTTPClientTransport(new URL(wanted.mcp_url), {
    authProvider,
    fetch: async (url, init) => {
      const answer = await fetch(url, init)
      asked.push([init?.method ?? 'GET', String(url), answer.status])
      return answer
    },
  })
  const client = new Client({ name: 'assistant', version: '1' })
  return { transport, client, connect: () => client.connect(transport) }
}

async function refusal(promise) {
  try {
    await promise
  } catch (error) {
    return error.constructor.name
  }
  return 'nothing was refused'
}

const first = await connected()
say('stopped', await refusal(first.connect()))
const arrived = await browse(authProvider.kept.page)
if (arrived.searchParams.get('state') !== authProvider.kept.state) throw new Error('another state')
await first.transport.finishAuth(arrived.searchParams.get('code'))
say('client', authProvider.kept.client)
say('tokens', authProvider.kept.tokens)

const { client, connect } = await connected()
await connect()
const call = (name, args = {}) => client.callTool({ name, arguments: args })
say('tools', (await client.listTools()).tools.map((tool) => tool.name))
say('sites', await call('list_sites'))
say('rooms', await call('read_room_climate', { site: wanted.chosen }))
say('others', await call('read_room_climate', { site: wanted.not_chosen }))

// As after an hour.
authProvider.kept.tokens = { ...authProvider.kept.tokens, access_token: 'ended' }
say('later', await call('list_sites'))
say('refreshed', authProvider.kept.tokens)

delete authProvider.kept.page
say('revoke', wanted.mcp_url)
await settings()
say('asked', asked.splice(0))
say('refused', await refusal(call('list_sites')))
say('asked_then', asked)
say('sent_to', authProvider.kept.page?.href ?? '')
say('kept', authProvider.kept.tokens ?? null)
process.exit(0)
