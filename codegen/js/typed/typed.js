// Values for which JSON has no type, between the wire and the attributes of a model. It is part of a generated file only
// when an option asks for one of them.
// Invariant: reading what has been read, and writing what is on the wire already, change nothing; ids stay what they are.

/**
 * @param {any} base what models are extended with
 * @param {Object<string, [(wire: any) => any, (value: any) => any]>} kinds how to read and to write, by the type of a field
 * @returns {any} the same, with typed attributes
 */
export function typedModel(base, kinds) {
  const [READ, WRITE] = [0, 1];
  const entries = (values, change) => Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(name, value)]));

  const inside = ({type, items, fields, values}, value, way) => {
    if (value == null) return value;
    if (kinds[type]) return kinds[type][way](value);
    if (Array.isArray(value)) return items ? value.map((item, i) => inside(items[i] || items, item, way)) : value;
    if (fields) return row(fields, value, way);
    return type === 'map' ? entries(value, (_, one) => inside(values, one, way)) : value;
  };
  const row = (fields, values, way, id) => (values && typeof values === 'object'
    ? entries(values, (name, value) => (name !== id && hasOwn(fields, name) ? inside(fields[name], value, way) : value))
    : values);
  const rowOf = (model, values, way) => row(model.schema.fields, values, way, model.idAttribute);

  return {
    ...base,
    parse(response, options) { return rowOf(this, base.parse.call(this, response, options), READ); },
    toJSON() { return rowOf(this, this.attributes, WRITE); },
    validate(attributes, options) { return base.validate.call(this, rowOf(this, attributes, WRITE), options); },
    sync(method, model, options = {}) {
      if (options.attrs) options.attrs = rowOf(this, options.attrs, WRITE);
      return base.sync.call(this, method, model, options);
    },
  };
}
