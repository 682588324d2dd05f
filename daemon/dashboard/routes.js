// Where one is in the page, as its address says it: #/jobs/7?tab=logs. So every view can be kept as a
// bookmark.

export function readRoute(hash = location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', id = null] = path.split('/').map(decoded);
  return {page: page || 'jobs', id: id === '' ? null : id, query: new URLSearchParams(query)};
}

// Changes what is chosen in this view without a step in the browser's history. What is null, or as it is
// anyway, is left out.
export function keepInAddress(changes) {
  const {query} = readRoute();
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(key);
    else query.set(key, value);
  }
  const path = location.hash.split('?')[0] || '#/jobs';
  const text = query.toString();
  history.replaceState(history.state, '', text ? `${path}?${text}` : path);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address that somebody typed
  }
}
