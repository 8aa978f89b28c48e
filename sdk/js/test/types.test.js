// The types: they compile as applications use them, refuse what is wrong, and name what there is.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import * as sdk from '../src/index.js';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const official = dirname(
  createRequire(new URL('../../../tests/e2e/package.json', import.meta.url)).resolve(
    'twilio-sync/package.json',
  ),
);

function compile(files, types) {
  const program = ts.createProgram(
    files.map((file) => at(`types/${file}`)),
    {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      types: [],
      paths: { sync: [types] },
    },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

test('an application for twilio-sync compiles with its types', () => {
  assert.deepEqual(compile(['app.ts'], resolve(official, 'builds/lib.d.ts')), []);
});

test('it compiles with ours, and they say more', () => {
  assert.deepEqual(compile(['app.ts', 'own.ts'], at('../types/index.d.ts')), []);
});

test('the types of the React hooks, of the script for browsers and of tokens are sound', () => {
  const program = ts.createProgram(
    ['react', 'browser', 'server'].map((name) => at(`../types/${name}.d.ts`)),
    {
      strict: true,
      noEmit: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: [],
    },
  );
  assert.deepEqual(
    ts.getPreEmitDiagnostics(program).map(({ messageText }) => messageText),
    [],
  );
});

// Names of a class's members as the types have them, without those that it has from our base classes
// of other names, which are looked through.
function declared() {
  const program = ts.createProgram([at('../types/index.d.ts')], {});
  const checker = program.getTypeChecker();
  const file = checker.getSymbolAtLocation(program.getSourceFile(at('../types/index.d.ts')));
  const classes = new Map();
  for (const symbol of checker.getExportsOfModule(file)) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    if (!type.isClass()) continue;
    const names = checker.getPropertiesOfType(type).map(({ name }) => name);
    classes.set(
      symbol.name,
      names.filter((name) => !name.startsWith('__@')),
    );
  }
  return classes;
}

const INTERNAL = ['constructor', 'take', 'addWrite', 'cancelWrite', 'confirmed'];

function implemented(Class) {
  const names = new Set();
  for (
    let one = Class.prototype;
    one && one !== Object.prototype && one !== Error.prototype;
    one = Object.getPrototypeOf(one)
  )
    for (const name of Object.getOwnPropertyNames(one))
      if (!INTERNAL.includes(name)) names.add(name);
  return names;
}

// What constructors set.
const OWN = {
  SyncListItem: ['index'],
  SyncMapItem: ['key'],
  Paginator: ['items', 'fromMemory'],
  InsightsItem: ['key', 'value', 'lastEventId'],
};
const OF_ERRORS = ['status', 'code', 'current', 'name', 'message', 'stack', 'cause'];

test('the types name every class and every member that there is, and no other', () => {
  const classes = declared();
  assert.deepEqual([...classes.keys()].sort(), Object.keys(sdk).sort());
  for (const [name, members] of classes) {
    const Class = sdk[name];
    const isError = Class.prototype instanceof Error;
    const there = [...implemented(Class), ...(OWN[name] ?? [])];
    const shown = (names) =>
      [...new Set(names)].sort().filter((one) => !isError || !OF_ERRORS.includes(one));
    assert.deepEqual(shown(members), shown(there), name);
  }
});
