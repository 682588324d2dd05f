// The only file that makes elements. Names of jobs and agents and what programs print are written by
// strangers: they come in as text, never as markup, and a link can lead only to a place within this page.

const PLAIN = new Set([
  'role',
  'id',
  'type',
  'title',
  'tabindex',
  'for',
  'name',
  'value',
  'placeholder',
  'autocomplete',
  'spellcheck',
  'hidden',
  'maxlength',
]);
const isPlain = (name) => PLAIN.has(name) || /^(aria|data)-[a-z-]+$/.test(name);

// options: class, text, attributes {name: text}, on {event: function}, href ("#/…"). Children are nodes or
// texts.
export function make(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  if (options.class) element.className = options.class;
  if (options.text !== undefined) element.textContent = options.text;
  if (options.href !== undefined) setHref(element, options.href);
  for (const [name, value] of Object.entries(options.attributes ?? {})) {
    if (!isPlain(name)) throw new Error(`no element here has the attribute ${name}`);
    element.setAttribute(name, value);
  }
  for (const [event, listener] of Object.entries(options.on ?? {})) element.addEventListener(event, listener);
  element.append(...children);
  return element;
}

export function setHref(element, href) {
  if (!href.startsWith('#/')) throw new Error(`a link leaves the page: ${href}`);
  if (element.getAttribute('href') !== href) element.setAttribute('href', href);
}

// Writes only what differs: a text that stays costs no layout, and a selection in it survives.
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (!isPlain(name)) throw new Error(`no element here has the attribute ${name}`);
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

export function setClass(element, name, wanted) {
  if (element.classList.contains(name) !== wanted) element.classList.toggle(name, wanted);
}

export function show(element, wanted) {
  if (element.hidden === wanted) element.hidden = !wanted;
}

// A bar of shares of 1, each with its class; what they leave is the bar's ground. Said in words beside it.
export function bar(...classes) {
  const parts = classes.map((name) => make('span', {class: `bar-part ${name}`}));
  const element = make('span', {class: 'bar', attributes: {'aria-hidden': 'true'}}, ...parts);
  const widths = new Array(parts.length).fill('');
  return {
    element,
    set(...shares) {
      shares.forEach((share, i) => {
        // What is there at all is seen, even if it is a millionth.
        const width = share > 0 ? `max(3px, ${(Math.min(share, 1) * 100).toFixed(3)}%)` : '0';
        if (widths[i] !== width) parts[i].style.width = widths[i] = width;
      });
    },
  };
}

export function copyable(command) {
  const code = make('code', {text: command});
  const button = make('button', {
    class: 'quiet copy',
    text: 'copy',
    attributes: {type: 'button', 'aria-label': `copy: ${command}`},
  });
  button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(command);
      button.textContent = 'copied';
    } catch {
      // A page that did not come over HTTPS or from this machine may not write there: selected, Ctrl+C does
      // it.
      getSelection().selectAllChildren(code);
      button.textContent = 'Ctrl+C';
    }
    setTimeout(() => {
      button.textContent = 'copy';
    }, 1500);
  });
  return make('span', {class: 'copyable'}, code, button);
}
