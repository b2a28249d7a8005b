// A small application, the same for every form of the package: a list that stays current, and a field to add to it.

export function start(models, list, form) {
  const todos = new models.Todos();
  const show = () => list.replaceChildren(...todos.map((todo) => {
    const item = list.ownerDocument.createElement('li');
    item.textContent = `${todo.get('done') ? 'x' : '-'} ${todo.get('title')}`;
    return item;
  }));
  todos.on('update change reset', show);
  todos.fetch();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    todos.create({title: form.elements.namedItem('title').value});
  });
  return todos;
}
