// {{ page.header }}

import Backbone from 'backbone';

{{ page.runtime }}
{% include "models.js" %}
{%- if !page.renamed.is_empty() %}
export {{ "{" }}{{ page.renamed.join(", ") }}{{ "}" }};
{% endif -%}
