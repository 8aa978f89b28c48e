// The walkthrough's counter: one document, any number of tabs.

import { SyncClient } from '/sdk/index.js';

const LOG_MAX = 100;
const FAST = 100;

const at = (id) => document.getElementById(id);
const tally = { mine: 0, others: 0, races: 0 };

async function token() {
  const response = await fetch('/demo/tokens', { method: 'POST', credentials: 'omit' });
  const body = await response.json();
  if (!response.ok) throw new Error(body.message);
  return body.token;
}

function count(what, by = 1) {
  tally[what] += by;
  at(what).textContent = tally[what];
}

function tell(text) {
  const line = document.createElement('li');
  line.textContent = text;
  at('log').prepend(line);
  while (at('log').children.length > LOG_MAX) at('log').lastChild.remove();
}

const client = new SyncClient(token);
client.on('connectionError', ({ message }) => tell(message));
const doc = await client.document({ id: 'counter', data: { count: 0 } });

function show() {
  at('count').textContent = doc.value.count ?? 0;
  at('revision').textContent = doc.revision;
}

doc.on('updated', ({ count: now, isLocal }) => {
  show();
  if (!isLocal) count('others');
  tell(`${isLocal ? 'this tab' : 'another tab'}: ${now}`);
});
show();

async function increment(how) {
  if (how === 'set') {
    await doc.set({ count: (doc.value.count ?? 0) + 1 });
  } else {
    let attempts = 0;
    await doc.mutate((value) => {
      attempts += 1;
      return { count: (value.count ?? 0) + 1 };
    });
    count('races', attempts - 1);
  }
  count('mine');
}

const how = () => document.querySelector('input[name=how]:checked').value;

const busy = (work) => async ({ currentTarget }) => {
  currentTarget.disabled = true;
  try {
    await work();
  } catch (error) {
    tell(error.message);
  }
  currentTarget.disabled = false;
};

at('one').addEventListener('click', busy(() => increment(how())));
at('reset').addEventListener('click', busy(() => doc.set({ count: 0 })));
at('many').addEventListener('click', busy(async () => {
  for (let i = 0; i < FAST; i += 1) await increment(how());
}));

setInterval(() => {
  at('state').className = `live ${doc.live ? 'good' : 'quiet'}`;
  at('state').textContent = doc.live ? '● live' : '… connecting';
}, 300);
