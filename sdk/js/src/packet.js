// The packets that WebSocket messages carry: a line, a header, a payload.
//
//   TWILSOCK V3.0 <bytes of the header>\r\n<header: JSON>\r\n<payload>

const MAGIC = 'TWILSOCK V3.0 ';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @returns {Uint8Array} `header` and, if there is one, `payload` as JSON. */
export function encodePacket(header, payload) {
  const body = payload === undefined ? new Uint8Array(0) : encoder.encode(JSON.stringify(payload));
  const head = encoder.encode(
    JSON.stringify({ ...header, payload_size: body.length, payload_type: 'application/json' }),
  );
  const line = encoder.encode(`${MAGIC}${head.length}\r\n`);
  const packet = new Uint8Array(line.length + head.length + 2 + body.length);
  packet.set(line);
  packet.set(head, line.length);
  packet.set([13, 10], line.length + head.length);
  packet.set(body, line.length + head.length + 2);
  return packet;
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {{header: object, payload: unknown}} Throws a SyntaxError on anything else.
 */
export function decodePacket(buffer) {
  const bytes = new Uint8Array(buffer);
  const end = bytes.indexOf(10);
  const [, size] = /^TWILSOCK V3\.\d+ (\d+)\r$/.exec(decoder.decode(bytes.subarray(0, end))) ?? [];
  const from = end + 1;
  const to = from + Number(size);
  if (!(to <= bytes.length)) throw new SyntaxError('not a packet');
  const header = JSON.parse(decoder.decode(bytes.subarray(from, to)));
  const body = header.payload_size ? bytes.subarray(to + 2, to + 2 + header.payload_size) : null;
  return { header, payload: body ? JSON.parse(decoder.decode(body)) : undefined };
}
