// Runs before the first paint, so that a page that is to be dark never flashes light; not a module for that
// reason. What was chosen here stays, else it follows the system. The event pq-theme tells those who paint by
// themselves.
'use strict';
(() => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('pq-theme');
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const follow = () => {
    document.documentElement.dataset.theme = chosen() ?? (system.matches ? 'dark' : 'light');
    dispatchEvent(new Event('pq-theme'));
  };
  system.addEventListener('change', follow);
  follow();
})();
