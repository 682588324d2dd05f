// What stands in a table's cells: each makes its elements once, and then writes into them what has changed.

import {make, setAttribute, setHref, setText} from './elements.js';
import {icon, setIcon} from './icons.js';

export const textCell =
  (text, title = null) =>
  (cell) =>
  (row) => {
    setText(cell, text(row));
    if (title) setAttribute(cell, 'title', title(row));
  };

// A link is one with the pointer; the keyboard opens the row that it is in.
export const linkCell =
  (text, href, title = text) =>
  (cell) => {
    const link = make('a', {attributes: {tabindex: '-1'}});
    cell.append(link);
    return (row) => {
      const to = href(row);
      setText(link, text(row));
      setAttribute(link, 'title', title(row));
      if (to) setHref(link, to);
      else link.removeAttribute('href');
    };
  };

export const stateCell =
  (states, word = (row) => row.state, said = word, drawn = word) =>
  (cell) => {
    const drawing = icon('info');
    const text = make('span');
    const chip = make('span', {class: 'chip'}, drawing, text);
    cell.append(chip);
    return (row) => {
      const state = word(row);
      setIcon(drawing, drawn(row));
      setText(text, said(row));
      setAttribute(chip, 'data-tone', states[state]?.tone ?? 'calm');
    };
  };
