/** The application's connection and its events. */
{{ page.export }}const vertebra = createVertebra(Backbone, {{ page.fingerprint }});
{% for model in page.models %}
{% for line in model.docs -%}
{{ line }}
{% endfor -%}
{% if model.name.is_plain() %}{{ page.export }}{% endif %}const {{ model.name.local }} = Backbone.Model.extend({
  ...vertebra.model,
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
{% if model.collection.is_plain() %}{{ page.export }}{% endif %}const {{ model.collection.local }} = Backbone.Collection.extend({
  ...vertebra.collection,
  model: {{ model.name.local }},
  url: {{ model.url }},
{%- if model.realtime %}
  realtime: true,
{%- endif %}
});
{% endfor -%}
