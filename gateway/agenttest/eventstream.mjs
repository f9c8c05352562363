// AWS's framing of a stream: each event between its length, its headers and two checksums.
import { crc32 } from 'node:zlib'

const u32 = n => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b }

function header (name, value) {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)])
}

/** frame gives the bytes of an event of the given type with a JSON payload. */
export function frame (type, value) {
  const headers = Buffer.concat([header(':event-type', type), header(':content-type', 'application/json'), header(':message-type', 'event')])
  const payload = Buffer.from(JSON.stringify(value))
  const lengths = Buffer.concat([u32(16 + headers.length + payload.length), u32(headers.length)])
  const body = Buffer.concat([lengths, u32(crc32(lengths)), headers, payload])
  return Buffer.concat([body, u32(crc32(body))])
}
