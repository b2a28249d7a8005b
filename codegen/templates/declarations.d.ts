// {{ header }}

{{ import }}
{%- if is_module %}

export as namespace {{ global }};
{%- endif %}

/** Any JSON value. */
type Json = null | boolean | number | string | Json[] | {[key: string]: Json};

/** A 64-bit integer, in decimal digits: a JavaScript number would round it. `BigInt(text)` counts with it. */
type Int64 = `${bigint}`;
{%- if is_typed %}

/** Attributes as they are on the wire. */
type Wire<Value> =
  Value extends bigint ? Int64
  : Value extends Date | Uint8Array ? string
  : Value extends object ? {[Name in keyof Value]: Wire<Value[Name]>}
  : Value;
{%- endif %}

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

/** Options of every call that goes to the server. */
interface Realtime {
  /** Over the socket, or over HTTP. */
  realtime?: boolean;
  /** Whether the answer is followed by its changes. */
  live?: boolean;
}

/** The name of an event that says no field. Several names in one text are not looked at. */
type EventName<Name extends string> =
  Name extends `${string} ${string}` ? Name : Name extends `change:${string}` ? never : Name;

/** A class with more properties. */
type Extended<Class extends new (...all: any[]) => any, Added> =
  & (new (...all: ConstructorParameters<Class>) => InstanceType<Class> & Added)
  & {[Name in keyof Class]: Class[Name]};

/** What all models here have; `Preset` are the fields that a new model has from the start. */
declare class RealtimeModel<Fields extends object, New extends object, Patch extends object, Preset extends keyof Fields>
  extends Backbone.Model<Fields> {
  static extend<Class extends new (...all: any[]) => any, Added extends object, Statics extends object = {}>(
    this: Class, properties: Added & ThisType<Added & InstanceType<Class>>, statics?: Statics,
  ): Extended<Class, Added> & Statics;

  constructor(attributes?: Partial<Fields>, options?: Backbone.ModelConstructorOptions<any> & Realtime & {[option: string]: any});

  /** Whether pushed changes are merged into it. */
  realtime: boolean;
  /** What is wrong, by field. */
  validationError: {[field: string]: string} | null | undefined;

  get<Name extends Preset & string>(name: Name): Fields[Name];
  get<Name extends keyof Fields & string>(name: Name): Fields[Name] | undefined;

  on<Name extends keyof Fields & string>(event: `change:${Name}`, callback: (model: this, value: Fields[Name], options: any) => void, context?: any): this;
  on<Name extends string>(event: EventName<Name>, callback: (...all: any[]) => void, context?: any): this;
  on(events: Backbone.EventMap, context?: any): this;
  once<Name extends keyof Fields & string>(event: `change:${Name}`, callback: (model: this, value: Fields[Name], options: any) => void, context?: any): this;
  once<Name extends string>(event: EventName<Name>, callback: (...all: any[]) => void, context?: any): this;
  once(events: Backbone.EventMap, context?: any): this;

  fetch(options?: Backbone.ModelFetchOptions & Realtime): JQueryXHR;
  /** Sends what is there; answers false, and sends nothing, when that isn't valid. */
  save<Handle extends JQueryXHR | false = JQueryXHR | false>(attributes?: New | Patch | null, options?: Backbone.ModelSaveOptions & Realtime): Handle;
  save<Name extends keyof Patch & string, Handle extends JQueryXHR | false = JQueryXHR | false>(name: Name, value: Patch[Name], options?: Backbone.ModelSaveOptions & Realtime): Handle;
  destroy(options?: Backbone.ModelDestroyOptions & Realtime): JQueryXHR | false;
  clone(): this;
  /** Stops following the row. */
  unsubscribe(): void;
}

/** What all collections here have. */
declare class RealtimeCollection<Model extends Backbone.Model, Fields extends object, New extends object>
  extends Backbone.Collection<Model> {
  static extend<Class extends new (...all: any[]) => any, Added extends object, Statics extends object = {}>(
    this: Class, properties: Added & ThisType<Added & InstanceType<Class>>, statics?: Statics,
  ): Extended<Class, Added> & Statics;

  constructor(models?: Array<Partial<Fields> | Model>, options?: any);

  /** Whether rows that match enter, change and leave by themselves. */
  realtime: boolean;

  add(models: Array<Partial<Fields> | Model>, options?: Backbone.AddOptions): Model[];
  add(model: Partial<Fields> | Model, options?: Backbone.AddOptions): Model;
  create(attributes: New | Model, options?: Backbone.ModelSaveOptions & Realtime): Model;

  on<Name extends keyof Fields & string>(event: `change:${Name}`, callback: (model: Model, value: Fields[Name], options: any) => void, context?: any): this;
  on<Name extends string>(event: EventName<Name>, callback: (...all: any[]) => void, context?: any): this;
  on(events: Backbone.EventMap, context?: any): this;
  once<Name extends keyof Fields & string>(event: `change:${Name}`, callback: (model: Model, value: Fields[Name], options: any) => void, context?: any): this;
  once<Name extends string>(event: EventName<Name>, callback: (...all: any[]) => void, context?: any): this;
  once(events: Backbone.EventMap, context?: any): this;

  fetch(options?: Backbone.CollectionFetchOptions & Realtime): JQueryXHR;
  /** From now on this is the collection of the rows that match. */
  subscribe(query?: Query, options?: Backbone.CollectionFetchOptions & Realtime): JQueryXHR;
  /** Stops following; the models stay as they are. */
  unsubscribe(): void;
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
  /** Puts `sync` in the place of a Backbone's own; what it returns takes it back. */
  install(Backbone?: {sync: (...all: any[]) => any}): () => void;
  /** What a hand-written model is extended with to become realtime. */
  readonly model: object;
  /** The same for a collection. */
  readonly collection: object;
{% for class in classes %}
  on(event: {{ class.events }}, callback: (row: {{ class.row }}, collection: {{ class.collection_name }}, meta: Meta) => void, context?: any): this;
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
{% if let Some(constants) = one.constants -%}
{% if one.name.is_plain() %}export {% endif %}declare const {{ one.name.local }}: {{ constants }};
{% endif -%}
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
{% if class.name.is_plain() %}export {% endif %}declare class {{ class.name.local }} extends RealtimeModel<{{ class.name.local }}.Attributes, {{ class.name.local }}.New, {{ class.name.local }}.Patch, {{ class.preset }}> {}
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

/** A collection of `{{ class.name.exported }}`. */
{% if class.collection.is_plain() %}export {% endif %}declare class {{ class.collection.local }} extends RealtimeCollection<{{ class.name.local }}, {{ class.name.local }}.Attributes, {{ class.name.local }}.New> {}
{% endfor %}
export {{ "{" }}{{ renamed.join(", ") }}{{ "}" }};
