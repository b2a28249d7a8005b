// Makes one script of the runtime's modules and a generated file, by the rule in ../README.md.
import fs from 'node:fs';

const here = new URL('.', import.meta.url);
const read = (name) => fs.readFileSync(new URL(name, here), 'utf8');

export const strip = (source) => source.split('\n')
  .filter((line) => !/^import \{[^}]*\} from '\.\/[\w.-]+';$/.test(line))
  .map((line) => line.replace(/^export (?=(async )?(function|const|class) )/, ''))
  .join('\n');

/** The whole runtime as one module that exports `createVertebra`. */
export const runtime = () => JSON.parse(read('../modules.json')).map((name) => strip(read('../' + name))).join('\n') +
  '\nexport {createVertebra};\n';

/** A generated file as a classic script that sets `global[name]` from the global Backbone. */
export function classic(file, name) {
  const body = read(file).split('\n').filter((line) => !/^import /.test(line)).join('\n');
  const names = [...body.matchAll(/^export (?:const|function|class) (\w+)/gm)].map((match) => match[1]);
  return `(function (root, Backbone) {\n'use strict';\n${strip(runtime()).replace(/^export \{.*$/m, '')}\n${strip(body)}\n` +
    `root.${name} = {${names.join(', ')}};\n})(typeof self !== 'undefined' ? self : this, Backbone);\n`;
}
