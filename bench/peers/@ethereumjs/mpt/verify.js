// Verifies the storage proofs in the file that is named; prints milliseconds of processor time.
import { readFileSync } from 'node:fs'
import { verifyMerkleProof } from '@ethereumjs/mpt'

const bytes = (hex) => Uint8Array.from(Buffer.from(hex, 'hex'))
const { root, rows } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const options = { root: bytes(root), useKeyHashing: true }
const parsed = rows.map(([slot, value, nodes]) => [bytes(slot), value, nodes.map(bytes)])

async function verify(some) {
  for (const [slot, value, nodes] of some) {
    const found = await verifyMerkleProof(slot, nodes, options)
    if (Buffer.from(found).toString('hex') !== value) throw new Error('wrong value')
  }
}

// Once over some, so that the compiler has seen the loop.
await verify(parsed.slice(0, 2000))
const before = process.cpuUsage()
await verify(parsed)
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)
