/** The application's connection and its events. */
{{ page.export }}const vertebra = /* @__PURE__ */ createVertebra(Backbone, {{ page.fingerprint }});

// Every class here is made by one of these two. The marks before the calls tell bundlers that a class which nobody
// imports can be left out.
{% if let Some(kinds) = page.kinds -%}
const modelBase = /* @__PURE__ */ typedModel(vertebra.model, {{ kinds }});
const modelClass = (properties) => Backbone.Model.extend({...modelBase, ...properties});
{%- else -%}
const modelClass = (properties) => Backbone.Model.extend({...vertebra.model, ...properties});
{%- endif %}
const collectionClass = (properties) => Backbone.Collection.extend({...vertebra.collection, ...properties});
{% for one in page.constants %}
{% for line in one.docs -%}
{{ line }}
{% endfor -%}
{% if one.name.is_plain() %}{{ page.export }}{% endif %}const {{ one.name.local }} = /* @__PURE__ */ Object.freeze({{ one.values }});
{% endfor -%}
{% for model in page.models %}
{% for line in model.docs -%}
{{ line }}
{% endfor -%}
{% if model.name.is_plain() %}{{ page.export }}{% endif %}const {{ model.name.local }} = /* @__PURE__ */ modelClass({
  idAttribute: {{ model.id_attribute }},
  urlRoot: {{ model.url }},
{%- if model.realtime %}
  realtime: true,
{%- endif %}
  schema: {
    collection: {{ model.collection_name }},
    fields: {
{%- for field in model.fields %}
      {{ field }},
{%- endfor %}
    },
  },
{%- if let Some(defaults) = model.defaults %}
  defaults() {
    return {{ defaults }};
  },
{%- endif %}
});

{% for line in model.collection_docs -%}
{{ line }}
{% endfor -%}
{% if model.collection.is_plain() %}{{ page.export }}{% endif %}const {{ model.collection.local }} = /* @__PURE__ */ collectionClass({
  model: {{ model.name.local }},
  url: {{ model.url }},
{%- if model.realtime %}
  realtime: true,
{%- endif %}
});
{% endfor -%}
