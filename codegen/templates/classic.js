// {{ header }}
(function (root, factory) {
  'use strict';
  if (typeof define === 'function' && define.amd) define(['backbone'], factory);
  else root.{{ global }} = factory(root.Backbone);
})(typeof globalThis === 'undefined' ? self : globalThis, function (Backbone) {
'use strict';

{{ runtime }}
{% include "models.js" %}
return {{ "{" }}{{ properties.join(", ") }}{{ "}" }};
});
