// {{ page.header }}
'use strict';

const Backbone = require('backbone');

{{ page.runtime }}
{% include "models.js" %}
module.exports = {{ "{" }}{{ page.properties.join(", ") }}{{ "}" }};
