// What a canvas lacks: rounded rectangles, single lines, and patterns that tell colours apart.

export function roundedRect(pen, left, top, width, height, radius) {
  const r = Math.max(0, Math.min(radius, width / 2, height / 2));
  pen.beginPath();
  pen.moveTo(left + r, top);
  pen.arcTo(left + width, top, left + width, top + height, r);
  pen.arcTo(left + width, top + height, left, top + height, r);
  pen.arcTo(left, top + height, left, top, r);
  pen.arcTo(left, top, left + width, top, r);
  pen.closePath();
}

export function line(pen, x1, y1, x2, y2) {
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

// `form` is dot, slash or cross.
export function hatch(ground, ink, form) {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 8;
  const pen = tile.getContext('2d');
  pen.fillStyle = ground;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = ink;
  pen.lineWidth = 1.5;
  if (form === 'dot') pen.fillRect(3, 3, 1.5, 1.5);
  if (form === 'slash' || form === 'cross') {
    line(pen, -2, 6, 6, -2);
    line(pen, 2, 10, 10, 2);
  }
  if (form === 'cross') {
    line(pen, 2, -2, 10, 6);
    line(pen, -2, 2, 6, 10);
  }
  return pen.createPattern(tile, 'repeat');
}
