// The data of the page: the generated `todo.Todo` and `todo.Todos`, and what went wrong with them, in words.
//
// Nothing here knows of sockets. `todos.fetch()` subscribes; from then on what other people do arrives as the ordinary
// events add, change, remove, sort and update, with `options.remote === true`. Writing is ordinary Backbone as well.

window.app = (function () {
  'use strict';

  // The generated model, plus one thing of this page: a row that is being deleted leaves the screen at once, but the
  // collection only when the server agrees. Until then it can come back.
  const Todo = todo.Todo.extend({
    discard() {
      this.leave(true);
      this.destroy({
        wait: true,
        error: (model, error) => {
          this.leave(false);
          this.trigger('kept', this, error);
        },
      });
    },

    leave(leaving) {
      this.leaving = leaving;
      this.trigger('leaving', this);
    },
  });

  const Todos = todo.Todos.extend({
    model: Todo,

    // Stamps of the server sort as text, however many digits their seconds have, once the closing Z is a space: it comes
    // before every digit and before the point. A row without a stamp is the newest.
    comparator(model) {
      const stamp = model.get('created_at');
      return (stamp ? stamp.replace('Z', ' ') : '~') + model.id;
    },

    // What is on the screen: without those that are on their way out.
    here() {
      return this.reject((model) => model.leaving);
    },
  });

  const FILTERS = {
    all: () => true,
    active: (model) => !model.get('done'),
    done: (model) => model.get('done'),
  };

  // Both kinds of refusal look the same from here: `validationError` of a model that was not sent, and the `fields` of
  // the server's answer.
  function fieldsOf(error) {
    return error.fields || (error.responseJSON && error.responseJSON.fields) || {};
  }

  function sentence(text) {
    const words = String(text || 'The server did not answer');
    return words.charAt(0).toUpperCase() + words.slice(1) + (/[.!?…]$/.test(words) ? '' : '.');
  }

  // The message for the one field this page edits, else the error's own, else those of whatever fields it names.
  function reason(error) {
    const fields = fieldsOf(error);
    const others = _.map(fields, (message, name) => `${name}: ${message}`).join('; ');
    return sentence(fields.title || others || error.message || error.statusText);
  }

  return {todos: new Todos(), page: new Backbone.Model({filter: 'all', loaded: false}), FILTERS, reason};
})();
