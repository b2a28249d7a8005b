// The page around the list, and the putting together of it all.

(function (app) {
  'use strict';

  const {todos, page, FILTERS, reason, showProblem, announce, batched} = app;

  const ConnectionView = Backbone.View.extend({
    el: '#connection',

    words: {connecting: 'Connecting…', live: 'Live', stale: 'Reconnecting…', offline: 'Offline'},

    initialize() {
      this.listenTo(todo.vertebra, 'connection', this.render);
    },

    render() {
      const state = todo.vertebra.state || 'connecting';
      document.documentElement.dataset.connection = state; // the style sheet draws the rest of the page by it
      const words = this.words[state] || state;
      if (this.$('.state').text() !== words) this.$('.state').text(words);
      return this;
    },
  });

  // Errors that belong to no field and no row.
  const BannerView = Backbone.View.extend({
    el: '#banner',
    events: {'click .dismiss': 'dismiss'},

    show(text) {
      this.$el.prop('hidden', false);
      this.$('.message').text(text);
    },

    dismiss() {
      this.$('.message').text('');
      this.$el.prop('hidden', true);
      $('#new-title').trigger('focus');
    },
  });

  const ComposeView = Backbone.View.extend({
    el: '#compose',
    events: {submit: 'create', 'input .field': 'clear'},

    initialize() {
      this.$field = this.$('.field');
    },

    // With `wait`: the words stay in the field until the server has them, so that a refusal loses nothing.
    create(event) {
      event.preventDefault();
      if (this.busy) return;
      const title = this.$field.val().trim();
      this.wait(true);
      const model = todos.create({title}, {
        wait: true,
        success: (created) => {
          this.wait(false);
          this.$field.val('');
          announce(`Added “${title}”`);
          this.trigger('created', created);
        },
        error: (unsaved, error) => this.refuse(error),
      });
      if (model.validationError) this.refuse({fields: model.validationError});
    },

    wait(busy) {
      this.busy = busy;
      this.$el.attr('aria-busy', busy ? 'true' : null);
      this.$field.prop('readonly', busy);
    },

    refuse(error) {
      this.wait(false);
      showProblem(this.$('.problem'), this.$field, reason(error));
      this.$field.trigger('focus');
    },

    clear() {
      showProblem(this.$('.problem'), this.$field, '');
    },
  });

  const FootView = Backbone.View.extend({
    el: '#foot',
    events: {'click .clear': 'clear'},

    initialize() {
      this.refresh = batched(() => this.render());
      this.listenTo(todos, 'update reset leaving change:done', this.refresh);
      this.listenTo(page, 'change', this.refresh);
    },

    render() {
      const here = todos.here();
      const left = here.filter(FILTERS.active).length;
      this.$('.left').text(`${left} left`);
      this.$el.toggleClass('bare', here.length === 0 && page.get('filter') === 'all');
      document.title = left ? `(${left}) Todo` : 'Todo';

      const clear = this.$('.clear')[0];
      const nothing = left === here.length;
      if (nothing && clear === document.activeElement) $('#new-title').trigger('focus');
      clear.hidden = nothing;

      this.$('.filters a').each((i, link) => {
        $(link).attr('aria-current', link.dataset.filter === page.get('filter') ? 'true' : null);
      });
      return this;
    },

    clear() {
      const done = todos.here().filter(FILTERS.done);
      done.forEach((model) => model.discard());
      announce(`Deleted ${done.length} done`);
    },
  });

  const Router = Backbone.Router.extend({
    routes: {'': 'show', ':filter': 'show', '*other': 'show'},

    show(filter) {
      page.set({filter: _.has(FILTERS, filter) ? filter : 'all'});
    },
  });

  const banner = new BannerView();
  const list = new app.ListView();
  const foot = new FootView();
  const compose = new ComposeView();
  const router = new Router();

  list.on('problem', (text) => banner.show(text));
  compose.on('created', (model) => {
    if (page.get('filter') === 'done') router.navigate('/', {trigger: true}); // a new todo would be out of sight there
    list.render().rowOf(model).el.scrollIntoView({block: 'nearest'});
  });

  Backbone.history.start();
  list.render();
  foot.render();

  todo.vertebra.on('error', (error) => banner.show(reason(error)));
  todos.on('sync update reset', () => page.set({loaded: true}));
  todos.fetch({
    error: (collection, error) => banner.show(`The list could not be fetched. ${reason(error)}`),
  });
  new ConnectionView().render();
})(window.app);
