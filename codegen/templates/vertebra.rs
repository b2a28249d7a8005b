// {{ header }}

/// The generated JavaScript, for the server to hand out.
pub static BUNDLE: ::vertebra::Bundle = ::vertebra::Bundle::new(&[
{%- for file in files %}
    ({{ file.name }}, {{ file.media_type }}, include_str!(concat!(env!("OUT_DIR"), {{ file.path }}))),
{%- endfor %}
]);
{% for model in models %}
const _: () = assert!(
    ::vertebra::schema::Fingerprint::constant(<{{ model.path }} as ::vertebra::Model>::MODEL) == {{ model.fingerprint }},
    {{ model.message }},
);
{% endfor -%}
