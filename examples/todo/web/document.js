// The few things that every view does to the document.
//
// Invariant: what a user typed reaches the document only as text (`.text()`, `.val()`, `.attr()`), never as markup.
// Templates are <template> elements: Underscore's are compiled with `new Function`, which a strict content policy forbids.

(function (app) {
  'use strict';

  // Writes a problem under its field and ties the two together for screen readers; an empty text takes it away.
  // The role is set with the text, so that a thousand rows aren't a thousand live regions.
  function showProblem($problem, $field, text) {
    if ($field) $field.attr('aria-invalid', text ? 'true' : null);
    $problem.attr('role', text ? 'alert' : null).text(text || '');
  }

  function announce(text) {
    $('#announcer').text(text);
  }

  // Many calls in one turn, one run: a batch of a thousand changes is a thousand events and one rendering.
  function batched(run) {
    let due = false;
    return () => {
      if (due) return;
      due = true;
      queueMicrotask(() => {
        due = false;
        run();
      });
    };
  }

  Object.assign(app, {showProblem, announce, batched});
})(window.app);
