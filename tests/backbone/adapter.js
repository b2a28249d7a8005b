// Joins the classic bundle to bridge.js: a Socket.IO socket whose other end is the scripted server of the tests.
// Every model of the page becomes realtime; rows travel as the tests give them, because those models have no schema.
window.__makeSync = function (Backbone, _, wire) {
  var vertebra = window.Todo.vertebra;
  var handlers = {};
  var sent = null;
  var call = null; // the sync call under way: frames name a collection, the tests want to see a URL
  function deliver(frame) { handlers.s(frame); }
  function ask(method, frame, attrs, query) {
    function done(error, row) {
      if (error && error.textStatus === 'abort') { error.abort(); return; }
      if (error) error = {code: 'internal', status: 500, message: error.errorThrown, textStatus: error.textStatus, retry: 'no'};
      if (method !== 'read') deliver(error ? ['R', frame[0], error] : ['R', frame[0], null, row, 0]);
      else deliver(error ? ['X', {rid: frame[1]}, error] : ['Q', frame[1], null, {row: row, rows: row, seq: 0}]);
    }
    var asked = sent = {};
    asked.wire = wire.send({method: method, url: call.options && call.options.url || _.result(call.model, 'url'), attrs: attrs, query: query}, function (error, row) {
      if (error && error.textStatus === 'abort') error.abort = asked.abort;
      done(error, row);
    });
  }
  var io = {
    connected: true,
    on: function (name, handler) { handlers[name] = handler; },
    off: function () {},
    disconnect: function () {},
    emit: function (event, frame) {
      if (frame[0] === 'H') deliver(['W', {v: 1, epoch: 'e', seq: 0, last_mid: 0, cols: {}, ids: {}, subs: {}}]);
      if (frame[0] === 'M') frame[1].forEach(function (m) { ask(m[1], m, m[1] === 'delete' ? undefined : m[4]); });
      if (frame[0] === 'Q') {
        var query = _.omit(frame[2], 'collection', 'id');
        ask('read', frame, undefined, _.isEmpty(query) ? undefined : query);
      }
    }
  };
  Backbone.Model.prototype.realtime = Backbone.Collection.prototype.realtime = true;
  // Watching for a dead peer is no part of this: the timers never fire.
  vertebra.connect(io, {timers: {setTimeout: function () {}, clearTimeout: function () {}}});
  return function sync(method, model, options) {
    var before = [sent, call];
    var handle, asked;
    sent = null;
    call = {model: model, options: options};
    try {
      handle = vertebra.sync.apply(this, arguments);
      asked = sent;
    } finally {
      sent = before[0];
      call = before[1];
    }
    if (asked && handle) {
      // The wire of these tests can abort a request; its word of it then ends the call.
      asked.abort = handle.abort;
      handle.abort = function () { asked.wire.abort(); };
    }
    return handle;
  };
};
