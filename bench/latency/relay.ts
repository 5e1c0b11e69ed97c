/**
 * A plain TCP relay in a process of its own: the yardstick of what one more hop
 * in Node costs. `node relay.js HOST PORT` prints the port it listens on.
 */
import { connect, createServer } from 'node:net'

const [host, port] = process.argv.slice(2)
const server = createServer({ noDelay: true }, (near) => {
  const far = connect({ host: host!, port: Number(port), noDelay: true })
  near.on('data', (chunk) => far.write(chunk))
  far.on('data', (chunk) => near.write(chunk))
  near.on('error', () => far.destroy())
  far.on('error', () => near.destroy())
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.stdout.write(`${address.port}\n`)
})
// The parent goes: so does the relay.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
