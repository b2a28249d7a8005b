// {{ header }}

import * as Backbone from 'backbone';

export as namespace {{ global }};

/** Any JSON value. */
type Json = null | boolean | number | string | Json[] | {[key: string]: Json};

/** What is known of a change that came from the server. */
interface Meta {
  /** Its position in the server's log. */
  seq: number;
  /** Whether this client made it. */
  own: boolean;
}

/** What a subscription follows. */
interface Query {
  /** Conditions by field: `{done: false, priority: {$gte: 3}}`. */
  where?: object;
  sort?: string | string[];
  limit?: number;
}

/** The application's connection to its server, and its events. */
interface Vertebra extends Backbone.EventsMixin {
  readonly state: 'offline' | 'connecting' | 'live' | 'stale';
  /** Connects to a URL, or over a Socket.IO socket; without one to the server of the page. */
  connect(target?: string | object, options?: {token?: string; [option: string]: any}): void;
  /** Ends the connection. */
  close(): void;
  /** Sends something that is no row to whoever listens to it now. */
  signal(topic: string, payload?: any): void;
  /** In the place of `Backbone.sync`: for every model that says `realtime`. */
  sync(method: string, model: any, options?: any): any;
  /** What a hand-written model is extended with to become realtime. */
  readonly model: object;
  /** The same for a collection. */
  readonly collection: object;
{% for class in classes %}
  on(event: {{ class.events }}, callback: (row: {{ class.name.local }}.Attributes, collection: {{ class.collection_name }}, meta: Meta) => void, context?: any): this;
{%- endfor %}
  on(event: 'new' | 'change' | 'remove', callback: (row: any, collection: string, meta: Meta) => void, context?: any): this;
  on(event: 'connection', callback: (state: Vertebra['state']) => void, context?: any): this;
  on(event: string, callback: (...all: any[]) => void, context?: any): this;
  on(events: Backbone.EventMap, context?: any): this;
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
  /** Whether pushed changes are merged into it. */
  realtime: boolean;
  /** What is wrong, by field. */
  validationError: {[field: string]: string} | null | undefined;
  save(attributes?: {{ class.name.local }}.Patch | {{ class.name.local }}.New | null, options?: Backbone.ModelSaveOptions): JQueryXHR;
  /** Stops following the row. */
  unsubscribe(): void;
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
  /** Whether rows that match enter, change and leave by themselves. */
  realtime: boolean;
  create(attributes: {{ class.name.local }}.New | {{ class.name.local }}, options?: Backbone.ModelSaveOptions): {{ class.name.local }};
  /** From now on this is the collection of the rows that match. */
  subscribe(query?: Query, options?: any): any;
  /** Stops following; the models stay as they are. */
  unsubscribe(): void;
}
{% endfor -%}
{% if !renamed.is_empty() %}
export {{ "{" }}{{ renamed.join(", ") }}{{ "}" }};
{% endif -%}
