// A receiver of webhooks, as a user would write it: node receiver.mjs SECRET
// It says its port, then for each post what the library's verifier made of it.
import { createServer } from 'node:http'
import { Webhook } from 'standardwebhooks'

const say = (line) => console.log(JSON.stringify(line))
const webhook = new Webhook(process.argv[2])

createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = Buffer.concat(chunks).toString()
  try {
    const event = webhook.verify(body, request.headers)
    say({ verified: true, id: request.headers['webhook-id'], event })
    response.writeHead(204).end()
  } catch (error) {
    say({ verified: false, id: request.headers['webhook-id'], reason: error.message })
    response.writeHead(401).end()
  }
}).listen(0, '127.0.0.1', function () {
  say({ port: this.address().port })
})
