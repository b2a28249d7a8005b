// {{ page.header }}
(function (root, factory) {
  'use strict';
  if (typeof define === 'function' && define.amd) define(['backbone'], factory);
  else root.{{ page.global }} = factory(root.Backbone);
})(typeof globalThis === 'undefined' ? self : globalThis, function (Backbone) {
'use strict';

{{ page.runtime }}
{% include "models.js" %}
return {{ "{" }}{{ page.properties.join(", ") }}{{ "}" }};
});
