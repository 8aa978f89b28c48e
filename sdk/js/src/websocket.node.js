// A WebSocket client (RFC 6455) for Node before 22, which has none: no extensions, only what
// connection.js uses of the browsers' interface.

const MESSAGE_MAX = 64 * 1024 * 1024;
const [CONTINUATION, TEXT, BINARY, CLOSE, PING] = [0, 1, 2, 8, 9];
const PONG = 10;
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// Out of a bundler's sight: browsers never come here.
const load = (name) => import(/* webpackIgnore: true */ /* @vite-ignore */ `node:${name}`);

export class NodeWebSocket {
  onopen = () => {};
  onclose = () => {};
  onerror = () => {};
  onmessage = () => {};

  #request = null;
  #socket = null; // once upgraded
  #closed = false;
  #unread = [];
  #unreadSize = 0;
  #needed = 2;
  #message = [];
  #messageSize = 0;
  #crypto;

  /** @param {string} uri `ws:` or `wss:` */
  constructor(uri) {
    this.#connect(uri.replace(/^ws/, 'http')).catch((error) => this.#end(error));
  }

  async #connect(uri) {
    const secure = uri.startsWith('https:');
    const [http, crypto] = await Promise.all([load(secure ? 'https' : 'http'), load('crypto')]);
    if (this.#closed) return;
    this.#crypto = crypto;
    const key = crypto.randomBytes(16).toString('base64');
    const request = http.request(uri, {
      agent: false,
      headers: {
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': key,
      },
    });
    this.#request = request;
    request.on('error', (error) => this.#end(error));
    request.on('response', (response) => {
      response.resume();
      this.#end(new Error(`the server answers with status ${response.statusCode}`));
    });
    request.on('upgrade', (response, socket, head) => {
      const accept = crypto.createHash('sha1').update(`${key}${GUID}`).digest('base64');
      if (response.headers['sec-websocket-accept'] !== accept) {
        socket.destroy();
        this.#end(new Error('the server does not speak WebSocket'));
        return;
      }
      this.#open(socket, head);
    });
    request.end();
  }

  #open(socket, head) {
    this.#socket = socket;
    if (this.#closed) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end());
    socket.on('end', () => this.#end());
    socket.on('data', (bytes) => this.#onData(bytes));
    this.onopen();
    if (head.length) this.#onData(head);
  }

  /** @param {Uint8Array} data */
  send(data) {
    this.#write(BINARY, data);
  }

  close() {
    if (this.#closed) return;
    if (this.#socket?.writable) this.#write(CLOSE, Buffer.from([0x03, 0xe8]));
    this.#end();
  }

  #end(error) {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#socket) this.#socket.destroySoon();
    else this.#request?.destroy();
    queueMicrotask(() => {
      if (error) this.onerror(error);
      this.onclose();
    });
  }

  #write(opcode, data) {
    const length = data.length;
    const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (length < 126 ? length : length < 65536 ? 126 : 127);
    if (head.length === 4) head.writeUInt16BE(length, 2);
    if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
    const mask = this.#crypto.randomBytes(4);
    const body = Buffer.from(data);
    for (let i = 0; i < length; i += 1) body[i] ^= mask[i & 3];
    this.#socket.write(Buffer.concat([head, mask, body]));
  }

  #onData(bytes) {
    this.#unread.push(bytes);
    this.#unreadSize += bytes.length;
    if (this.#unreadSize < this.#needed) return;
    let rest = Buffer.concat(this.#unread);
    while (!this.#closed) {
      const frame = readFrame(rest);
      this.#needed = frame.needed;
      if (frame.needed > MESSAGE_MAX) this.#end(new Error('the message is too long'));
      if (!frame.body) break;
      rest = rest.subarray(frame.needed);
      this.#onFrame(frame);
    }
    this.#unread = [rest];
    this.#unreadSize = rest.length;
  }

  #onFrame({ opcode, final, body }) {
    if (opcode === PING) this.#write(PONG, body);
    else if (opcode === CLOSE) this.#end();
    else if (opcode <= BINARY) this.#onPart(opcode, final, body);
  }

  #onPart(opcode, final, body) {
    this.#message = opcode === CONTINUATION ? [...this.#message, body] : [body];
    this.#messageSize = this.#message.reduce((sum, part) => sum + part.length, 0);
    if (this.#messageSize > MESSAGE_MAX) this.#end(new Error('the message is too long'));
    else if (final) {
      const whole = new Uint8Array(Buffer.concat(this.#message));
      this.#message = [];
      this.onmessage({ data: opcode === TEXT ? '' : whole.buffer });
    }
  }
}

// The frame that `bytes` begin with; without `body`, how many bytes are needed to know more.
function readFrame(bytes) {
  if (bytes.length < 2) return { needed: 2 };
  const short = bytes[1] & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return { needed: start };
  let length = short;
  if (short === 126) length = bytes.readUInt16BE(2);
  if (short === 127) length = Number(bytes.readBigUInt64BE(2));
  const needed = start + length;
  if (bytes.length < needed) return { needed };
  const body = bytes.subarray(start, needed);
  return { needed, body, opcode: bytes[0] & 0x0f, final: (bytes[0] & 0x80) !== 0 };
}
