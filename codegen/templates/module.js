// {{ header }}

import Backbone from 'backbone';

{{ runtime }}
{% include "models.js" %}
{%- if !renamed.is_empty() %}
export {{ "{" }}{{ renamed.join(", ") }}{{ "}" }};
{% endif -%}
