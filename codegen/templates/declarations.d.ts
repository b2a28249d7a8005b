// {{ header }}

import * as Backbone from 'backbone';

export as namespace {{ global }};

/** Any JSON value. */
type Json = null | boolean | number | string | Json[] | {[key: string]: Json};

/** The application's connection to its server, and its events: `new`, `new:todos`, `change`, `remove`, `state`. */
interface Vertebra extends Backbone.EventsMixin {
  /** `offline`, `connecting`, `live` or `stale`. */
  state: string;
  /** Connects to a URL, or over a Socket.IO socket. */
  connect(target?: string | object, options?: {token?: string; [option: string]: any}): this;
  /** Sends something that is no row to whoever listens to it now. */
  signal(topic: string, payload?: any): this;
  /** Ends the connection. */
  close(): this;
  /** What `Backbone.sync` can be replaced with, so that every model is realtime that says so. */
  sync(method: string, model: any, options?: any): any;
  /** What a hand-written model becomes realtime with. */
  model: object;
  /** What a hand-written collection becomes realtime with. */
  collection: object;
}

/** The application's connection and its events. */
export declare const vertebra: Vertebra;
{% for one in named %}
{% match one.alias -%}
{% when Some with (alias) -%}
{% if one.name.is_plain() %}export {% endif %}type {{ one.name.local }} = {{ alias }};
{% when None -%}
{% if one.name.is_plain() %}export {% endif %}interface {{ one.name.local }} {
{%- for member in one.members %}
{%- for line in member.docs %}
{{ line }}
{%- endfor %}
  {{ member.name }}: {{ member.ty }};
{%- endfor %}
}
{% endmatch -%}
{% endfor -%}
{% for class in classes %}
{% for line in class.docs -%}
{{ line }}
{% endfor -%}
{% if class.name.is_plain() %}export {% endif %}declare class {{ class.name.local }} extends Backbone.Model<{{ class.name.local }}.Attributes> {
  constructor(attributes?: Partial<{{ class.name.local }}.Attributes>, options?: any);
  save(attributes?: {{ class.name.local }}.Patch | {{ class.name.local }}.New | null, options?: Backbone.ModelSaveOptions): JQueryXHR;
  /** Stops following the row. */
  unsubscribe(): this;
}
{% if class.name.is_plain() %}export {% endif %}declare namespace {{ class.name.local }} {
  /** What a row holds. */
  interface Attributes {
{%- for member in class.attributes %}
{%- for line in member.docs %}
{{ line }}
{%- endfor %}
    {{ member.name }}: {{ member.ty }};
{%- endfor %}
  }
  /** What a new row can be given. */
  interface New {
{%- for member in class.create %}
    {{ member.name }}: {{ member.ty }};
{%- endfor %}
  }
  /** What can be changed in a row. */
  interface Patch {
{%- for member in class.patch %}
    {{ member.name }}: {{ member.ty }};
{%- endfor %}
  }
}

{% if class.collection.is_plain() %}export {% endif %}declare class {{ class.collection.local }} extends Backbone.Collection<{{ class.name.local }}> {
  create(attributes: {{ class.name.local }}.New | {{ class.name.local }}, options?: Backbone.ModelSaveOptions): {{ class.name.local }};
  /** From now on this is the collection of the rows that match. */
  subscribe(query?: {where?: object; sort?: string | string[]; limit?: number}, options?: any): any;
  /** Stops following; the models stay as they are. */
  unsubscribe(): this;
}
{% endfor -%}
{% if !renamed.is_empty() %}
export {{ "{" }}{{ renamed.join(", ") }}{{ "}" }};
{% endif -%}
