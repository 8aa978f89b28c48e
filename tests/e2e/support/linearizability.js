'use strict';
// Is a recorded history of one object linearizable?
//
// A history is what clients saw: a list of operations, each with the time its request left
// (`start`) and its reply had come (`end`), as BigInt nanoseconds of one clock.
//   {type: 'write', guard, value, revision}  a replacement that was acknowledged
//   {type: 'refused', guard, value}          a guarded replacement answered with 412
//   {type: 'read', revision, value}          without a value: only the revision was seen
// Revisions are numbers here; `guard` is null when the write was unguarded. The object starts
// at revision 0 with `initial`.
//
// Revisions name the only order that can be right, so nothing has to be searched: the
// operations are put in the order of their revisions, and that order is checked against
// values, guards and real time.

function check(history, initial) {
  const writes = history.filter((op) => op.type === 'write');
  return [
    ...checkRevisions(writes),
    ...checkGuards(writes),
    ...checkReads(history, writes, initial),
    ...checkRealTime(history, writes.length),
  ];
}

const described = (op) =>
  `${op.type} of ${JSON.stringify(op.value)} (revision ${op.revision}, guard ${op.guard})`;

// Every acknowledged write has a revision of its own, and together they are 1..n.
function checkRevisions(writes) {
  const sorted = writes.map((op) => op.revision).sort((a, b) => a - b);
  const wrong = sorted.findIndex((revision, i) => revision !== i + 1);
  return wrong < 0 ? [] : [`revision ${wrong + 1} expected, ${sorted[wrong]} found`];
}

function checkGuards(writes) {
  return writes
    .filter((op) => op.guard !== null && op.revision !== op.guard + 1)
    .map((op) => `${described(op)} does not follow its guard`);
}

function checkReads(history, writes, initial) {
  const values = new Map([[0, initial], ...writes.map((op) => [op.revision, op.value])]);
  const refused = new Set(history.filter((op) => op.type === 'refused').map((op) => op.value));
  const problems = [];
  for (const op of history.filter((op) => op.type === 'read')) {
    if (refused.has(op.value)) problems.push(`${described(op)} shows a refused write`);
    if (op.value !== undefined && values.get(op.revision) !== op.value)
      problems.push(`${described(op)} is not what was written: ${values.get(op.revision)}`);
  }
  return problems;
}

// The last revision that may be current when `op`, which took effect at its own, had its turn.
const ceilingOf = (op) => (op.type === 'write' ? op.revision - 1 : op.revision);

// For each operation in order of start: the lowest ceiling of it and all that start later.
function ceilings(byStart, last) {
  const lowest = new Array(byStart.length + 1).fill(last);
  for (let i = byStart.length - 1; i >= 0; i--) {
    const op = byStart[i];
    lowest[i] = Math.min(lowest[i + 1], op.type === 'refused' ? last : ceilingOf(op));
  }
  return lowest;
}

function firstStartingAfter(byStart, time) {
  let low = 0;
  let high = byStart.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (byStart[middle].start > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

const byTime = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

// Whatever was over before an operation began came before it. A refusal has no revision of
// its own: it is right if at some moment while it ran another revision than its guard was
// current; the earliest such moment is taken.
function checkRealTime(history, last) {
  const byStart = [...history].sort((a, b) => byTime(a.start, b.start));
  const byEnd = [...history].sort((a, b) => byTime(a.end, b.end));
  const lowest = ceilings(byStart, last);
  const position = new Map();
  const problems = [];
  let floor = 0;
  let ended = 0;
  for (const op of byStart) {
    for (; byEnd[ended].end < op.start; ended++)
      floor = Math.max(floor, position.get(byEnd[ended]));
    if (op.type === 'refused') {
      const turn = floor === op.guard ? floor + 1 : floor;
      position.set(op, turn);
      if (turn > lowest[firstStartingAfter(byStart, op.end)])
        problems.push(`${described(op)} was refused though its guard was current all the time`);
    } else {
      position.set(op, op.revision);
      if (ceilingOf(op) < floor)
        problems.push(`${described(op)} began when revision ${floor} had been seen`);
    }
  }
  return problems;
}

// ---- objects that come and go ----
//
// Revisions begin anew with each life of an object, so they do not name its order: it has to be
// searched for (Wing and Gong, "Testing and verifying concurrent objects", 1993, with a memory of
// what was tried). `perform(state, op)` says what one operation does to a state when nothing else
// is under way: {state, answer}; an operation holds the `answer` that its client got. States and
// answers are compared by what they hold.
//
// Null: there is an order in which every answer is right, and in which whatever was over before
// an operation began came before it. Else what could not be placed at the point where the search
// got farthest.
function findNoOrder(history, initial, perform) {
  const byStart = [...history].sort((a, b) => byTime(a.start, b.start));
  const search = new Search(byStart, perform);
  return search.go(initial) ? null : search.stuck;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

class Search {
  constructor(byStart, perform) {
    this.ops = byStart;
    this.perform = perform;
    this.placed = new Uint8Array(byStart.length);
    this.count = 0;
    this.tried = new Set();
    this.stuck = null;
    this.farthest = -1;
  }

  // Those that may come next: none of the others was over before they began.
  candidates() {
    const found = [];
    let firstEnd = null;
    for (let i = this.first; i < this.ops.length; i++) {
      if (this.placed[i]) continue;
      const op = this.ops[i];
      if (firstEnd !== null && op.start > firstEnd) break;
      if (firstEnd === null || op.end < firstEnd) firstEnd = op.end;
      found.push(i);
    }
    return found.filter((i) => this.ops[i].start <= firstEnd);
  }

  get first() {
    const at = this.placed.indexOf(0);
    return at < 0 ? this.ops.length : at;
  }

  // What can be told of this point of the search: which are placed, and the state they led to.
  position(state) {
    const first = this.first;
    const last = this.placed.lastIndexOf(1);
    const between = this.placed.subarray(first, Math.max(first, last + 1)).join('');
    return `${first} ${between} ${JSON.stringify(state)}`;
  }

  // What is right now and changes nothing can be placed at once: it would never be righter later.
  // Whatever else is right now has to be tried.
  choices(state) {
    const right = [];
    for (const i of this.candidates()) {
      const { answer, state: next } = this.perform(state, this.ops[i]);
      if (!same(answer, this.ops[i].answer)) continue;
      if (same(next, state)) return [{ i, next }];
      right.push({ i, next });
    }
    return right;
  }

  // Without recursion: a history may be longer than the stack is deep.
  go(initial) {
    const path = [{ choices: this.choices(initial), state: initial }];
    while (this.count < this.ops.length) {
      const here = path.at(-1);
      const choice = here.choices.shift();
      if (choice === undefined) {
        this.note(here.state);
        path.pop();
        if (path.length === 0) return false;
        this.place(path.at(-1).chosen, 0);
        continue;
      }
      this.place(choice.i, 1);
      here.chosen = choice.i;
      const position = this.position(choice.next);
      const isNew = !this.tried.has(position);
      this.tried.add(position);
      path.push({ choices: isNew ? this.choices(choice.next) : [], state: choice.next });
    }
    return true;
  }

  place(i, value) {
    this.placed[i] = value;
    this.count += value ? 1 : -1;
  }

  note(state) {
    if (this.count <= this.farthest) return;
    this.farthest = this.count;
    const left = this.candidates().map((i) => this.ops[i]);
    this.stuck = { state, left };
  }
}

module.exports = { check, findNoOrder };
