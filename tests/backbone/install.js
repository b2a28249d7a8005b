// Ours in the place of Backbone's own sync, and no model that says `realtime`: every call goes on to the original.
window.Todo.vertebra.install(Backbone);
