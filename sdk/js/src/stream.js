// A stream: messages to whoever listens, kept nowhere.

import { EVENTS, Entity, Handle, asCall, asData, entityOf, eventOf } from './entity.js';

export class StreamEntity extends Entity {
  static NOT_FOUND = 54250;

  constructor(client, root) {
    super(client, 'stream', root);
  }

  takeFresh(root) {
    this.takeRoot(root);
  }

  onEvent(type, event) {
    if (type === 'stream_removed') this.onRemoved(false);
    else if (type === 'stream_message_published')
      this.#report({ sid: event.message_sid, data: event.message_data }, false);
  }

  #report(message, isLocal) {
    this.report('messagePublished', eventOf(message.data, { message, isLocal }));
  }

  publish(value, options) {
    asCall(options);
    const data = asData(value);
    return this.enqueue(Symbol('message'), options, async (_, signal) => {
      let message;
      const apply = ({ body }) => {
        message = { sid: body.sid, data };
        this.#report(message, true);
      };
      await this.write({
        method: 'POST',
        path: this.path('Messages'),
        body: { data },
        apply,
        signal,
      });
      return message;
    });
  }
}

/** Events: `messagePublished` {message: {sid, data}, isLocal}, `removed` {isLocal}, `failure`. */
export class SyncStream extends Handle {
  static type = 'stream';
  static events = ['messagePublished', 'removed', ...EVENTS];
  static messagePublished = 'messagePublished';
  static removed = 'removed';

  /** Send a message. Resolves with {sid, data} when the server has it, whoever may get it. */
  async publishMessage(data, options) {
    return entityOf(this).publish(data, options);
  }

  async removeStream(options) {
    return entityOf(this).remove(options);
  }
}
