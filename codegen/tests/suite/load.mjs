// Loads generated files in all three forms, and looks at what they made. Arguments: a directory, and what is expected.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

const [directory, expected] = [process.argv[2], JSON.parse(fs.readFileSync(process.argv[3], 'utf8'))];
const require = createRequire(path.join(directory, 'load.cjs'));
const Backbone = require('backbone');
globalThis.Backbone = Backbone;

for (const {name, global, exports, models} of expected) {
  const file = (ending) => path.join(directory, name + ending);
  const before = Object.keys(globalThis);
  vm.runInThisContext(fs.readFileSync(file('.global.js'), 'utf8'), {filename: file('.global.js')});
  const set = Object.keys(globalThis).filter((key) => !before.includes(key));
  assert.deepEqual(set, [global], 'a classic script sets one variable');

  let amd;
  globalThis.define = Object.assign((needs, factory) => {
    assert.deepEqual(needs, ['backbone']);
    amd = factory(Backbone);
  }, {amd: {}});
  vm.runInThisContext(fs.readFileSync(file('.global.js'), 'utf8'), {filename: file('.global.js')});
  delete globalThis.define;

  const forms = {
    module: await import(pathToFileURL(file('.js'))),
    common: require(file('.cjs')),
    classic: globalThis[global],
    amd,
  };
  for (const [form, all] of Object.entries(forms)) {
    const at = `${name} as ${form}`;
    assert.deepEqual(Object.getOwnPropertyNames(all).sort(), [...exports].sort(), at);
    assert.equal(typeof all.vertebra.connect, 'function', at);
    for (const {model, collection, id, fields, defaults} of models) {
      const [Model, Collection] = [all[model], all[collection]];
      assert.ok(Model.prototype instanceof Backbone.Model, `${at}: ${model}`);
      assert.ok(Collection.prototype instanceof Backbone.Collection, `${at}: ${collection}`);
      assert.equal(Collection.prototype.model, Model);
      assert.equal(Model.prototype.idAttribute, id);
      const schema = Model.prototype.schema.fields;
      assert.equal(Object.getPrototypeOf(schema), Object.prototype, `${at}: a name became a prototype`);
      assert.deepEqual(Object.keys(schema).sort(), [...fields].sort(), `${at}: ${model}`);
      // What is typed goes through `toJSON`, which says what is on the wire.
      const preset = new Model();
      const own = preset.toJSON();
      if (preset.defaults) assert.notEqual(preset.defaults(), preset.defaults(), 'fresh each time');
      assert.deepEqual(JSON.stringify(Object.entries(own).sort()), JSON.stringify(Object.entries(defaults).sort()), at);
      new Collection().add(new Model());
    }
  }
  delete globalThis[global];
}
assert.equal(globalThis.canary, undefined, 'a name was executed');
console.log(`${expected.length} loaded`);
