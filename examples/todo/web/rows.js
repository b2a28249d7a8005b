// The list and its rows, edited in place.
//
// Invariant: what is in the document stays there while it is wanted. A change sets text and attributes, and never makes an
// element anew, so that focus, caret and an edit in progress survive whatever other people do meanwhile.

(function (app) {
  'use strict';

  const {todos, page, FILTERS, reason, showProblem, announce, batched} = app;

  const RowView = Backbone.View.extend({
    el: () => document.getElementById('row').content.firstElementChild.cloneNode(true),

    events: {
      'change .check': 'check',
      'click .title': 'edit',
      'click .delete': 'delete',
      'submit .edit': 'save',
      'focusout .field': 'leave',
      'input .field': 'clear',
      'keydown': 'key',
      'animationend': 'rest',
    },

    initialize() {
      this.$title = this.$('.title');
      this.$field = this.$('.field');
      this.$problem = this.$('.problem').attr('id', `problem-${this.cid}`);
      this.$aside = this.$('.aside').attr('id', `aside-${this.cid}`);
      this.$title.attr('id', `title-${this.cid}`);
      this.$('.check').attr('aria-labelledby', `title-${this.cid}`);
      this.$field.attr('aria-describedby', `problem-${this.cid} aside-${this.cid}`);
      this.listenTo(this.model, 'change', this.changed);
    },

    // Touches text and attributes of elements that stay: focus, caret and an edit in progress survive every change.
    render() {
      const {title, done} = this.model.attributes;
      this.$el.toggleClass('done', Boolean(done));
      this.$title.text(title);
      this.$('.check').prop('checked', Boolean(done));
      this.$('.delete').attr('aria-label', `Delete “${title}”`);
      return this;
    },

    changed(model, options) {
      this.render();
      if (!options.remote) return;
      this.$el.addClass('arrived');
      if (this.editing && model.hasChanged('title')) {
        this.say(`Meanwhile changed to “${model.get('title')}”. Enter keeps yours, Escape takes theirs.`);
      }
    },

    rest(event) {
      if (event.originalEvent.animationName === 'arrive') this.$el.removeClass('arrived');
    },

    say(text) {
      this.$aside.attr('role', text ? 'status' : null).text(text);
    },

    problem(text) {
      showProblem(this.$problem, this.editing ? this.$field : null, text);
    },

    clear() {
      this.problem('');
    },

    // Shown at once, and taken back if the server refuses.
    check() {
      const done = this.$('.check').prop('checked');
      this.problem('');
      const sent = this.model.save({done}, {
        patch: true,
        error: (model, error) => {
          model.set({done: !done});
          this.problem(reason(error));
        },
      });
      if (sent === false) {
        this.render();
        this.problem(reason({fields: this.model.validationError}));
      }
    },

    delete() {
      const title = this.model.get('title');
      this.close();
      if (this.orphan) return;
      this.model.discard();
      announce(`Deleted “${title}”`);
    },

    key(event) {
      if (event.originalEvent.isComposing) return;
      if (event.key === 'F2') this.edit();
      else if (event.key === 'Escape' && this.editing) this.close();
      else return;
      event.preventDefault();
    },

    edit() {
      if (this.editing) return;
      this.open(this.model.get('title'));
      this.$field.trigger('focus').trigger('select');
    },

    open(draft) {
      this.editing = true;
      this.from = this.model.get('title');
      this.$el.addClass('editing');
      this.$('.edit').prop('hidden', false);
      this.$title.prop('hidden', true);
      this.$field.val(draft);
      this.problem('');
    },

    close() {
      if (!this.editing) return this.problem('');
      const focused = this.$field.is(document.activeElement);
      this.problem('');
      this.say('');
      this.editing = false; // first, for hiding a focused field is a `focusout`
      this.$title.prop('hidden', false);
      if (focused) this.$title.trigger('focus');
      this.$('.edit').prop('hidden', true);
      this.$el.removeClass('editing');
      this.trigger('closed');
    },

    // Leaving the field saves; but a row that is gone waits for a decision.
    leave(event) {
      if (!this.orphan) this.save(event);
    },

    save(event) {
      event.preventDefault();
      if (!this.editing) return;
      const title = this.$field.val().trim();
      if (title === this.from && !this.orphan) return this.close();
      const refused = this.orphan ? this.revive(title) : this.rename(title);
      if (refused) this.problem(reason({fields: refused}));
      else this.close();
    },

    // The new title is shown at once. If the server refuses it, the old one returns and so does the editor, with the
    // words in it and the reason under them.
    rename(title) {
      const before = this.model.get('title');
      const sent = this.model.save({title}, {
        patch: true,
        error: (model, error) => {
          if (!todos.get(model)) return this.trigger('lost', title, error);
          if (model.get('title') === title) model.set({title: before});
          const focused = this.el.contains(document.activeElement);
          if (!this.editing) this.open(title);
          if (focused) this.$field.trigger('focus');
          this.problem(reason(error));
        },
      });
      return sent === false && this.model.validationError;
    },

    // Somebody deleted the row while it was being edited here. The words stay; what becomes of them is their author's choice.
    strand() {
      this.orphan = true;
      this.say('Deleted elsewhere. Enter adds it again, Escape lets it go.');
    },

    revive(title) {
      const {done} = this.model.attributes;
      const model = todos.create({title, done}, {
        wait: true,
        error: (unsaved, error) => this.trigger('lost', title, error),
      });
      return model.validationError;
    },
  });

  const ListView = Backbone.View.extend({
    el: '#sheet',

    initialize() {
      this.rows = new Map(); // model → its row, for every model of the collection, shown or not
      this.$list = this.$('.rows');
      this.refresh = batched(() => this.render());
      this.listenTo(todos, 'update reset sort leaving change:done', this.refresh);
      this.listenTo(todos, 'add', this.arrived);
      this.listenTo(todos, 'kept', this.kept);
      this.listenTo(page, 'change', this.refresh);
    },

    arrived(model, collection, options) {
      model.arrived = Boolean(options.remote) && page.get('loaded');
    },

    // A deletion that failed: the row is back, with the reason on it, or on top if the row isn't among those shown.
    kept(model, error) {
      if (!todos.get(model)) return; // somebody else's deletion came first
      const text = `Not deleted. ${reason(error)}`;
      this.rowOf(model).problem(text);
      if (!FILTERS[page.get('filter')](model)) this.trigger('problem', `“${model.get('title')}”: ${text}`);
    },

    render() {
      this.prune();
      const shown = FILTERS[page.get('filter')];
      const wanted = todos.filter((model) => {
        const row = this.rows.get(model);
        return !model.leaving && (shown(model) || (row && row.editing));
      });
      this.arrange(wanted.map((model) => this.rowOf(model).el));
      this.renderEmpty();
      this.$el.attr('aria-busy', page.get('loaded') ? null : 'true');
      return this;
    },

    rowOf(model) {
      if (!this.rows.has(model)) {
        const row = new RowView({model}).render();
        row.$el.toggleClass('arrived', Boolean(model.arrived));
        this.listenTo(row, 'closed', this.refresh);
        this.listenTo(row, 'lost', (title, error) => this.trigger('problem', `“${title}” was not saved. ${reason(error)}`));
        this.rows.set(model, row);
      }
      return this.rows.get(model);
    },

    // Rows of models that are gone go too, unless somebody is typing in them.
    prune() {
      this.rows.forEach((row, model) => {
        if (todos.get(model) === model) return;
        if (row.editing) return row.orphan || row.strand();
        this.rows.delete(model);
        this.stopListening(row);
        row.undelegateEvents();
        row.stopListening();
      });
    },

    // Makes the list hold exactly these elements in this order. Those in place are not touched, for moving an element takes
    // its focus away; new ones enter in one fragment a run. Focus that was in a row that left goes to its neighbour.
    arrange(wanted) {
      const list = this.$list[0];
      const focused = list.contains(document.activeElement) ? document.activeElement : null;
      const row = focused && focused.closest('.row');
      const place = row ? [...list.children].indexOf(row) : -1;

      const keep = new Set(wanted);
      this.rows.forEach((each) => { if (each.orphan) keep.add(each.el); });
      [...list.children].forEach((el) => { if (!keep.has(el)) el.remove(); });

      wanted.forEach((el) => keep.delete(el)); // what is left are orphans: they stay where they are
      const run = document.createDocumentFragment();
      let next = list.firstElementChild;
      for (const el of wanted) {
        while (keep.has(next)) next = next.nextElementSibling;
        if (el === next) {
          list.insertBefore(run, next);
          next = next.nextElementSibling;
        } else {
          run.append(el);
        }
      }
      list.append(run);

      if (focused && !focused.isConnected) this.focusAt(place, focused.className);
    },

    focusAt(place, control) {
      const rows = this.$list.children();
      const neighbour = rows.eq(Math.min(place, rows.length - 1)).find(`.${control}`);
      (neighbour.length ? neighbour : $('#new-title')).trigger('focus');
    },

    renderEmpty() {
      const words = {
        all: ['Nothing here yet.', 'Write the first one above, or open this page a second time and watch it arrive.'],
        active: ['Nothing left to do.', 'Whatever it was, it is done.'],
        done: ['Nothing done yet.', 'Checked todos gather here.'],
      }[page.get('filter')];
      const [lead, more] = page.get('loaded') ? words : ['Fetching the list…', ''];
      this.$('.empty').prop('hidden', this.$list[0].hasChildNodes());
      this.$('.lead').text(lead);
      this.$('.more').text(more);
    },
  });

  app.ListView = ListView;
})(window.app);
