// {{ header }}
'use strict';

const Backbone = require('backbone');

{{ runtime }}
{% include "models.js" %}
module.exports = {{ "{" }}{{ properties.join(", ") }}{{ "}" }};
