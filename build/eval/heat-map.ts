/** Heat maps as PNG: a grid of shares, each cell with its number. */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';

export interface Grid {
  readonly title: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** 0–1, row by row; null where nothing was measured. */
  readonly cells: readonly (readonly (number | null)[])[];
  /** How a cell's number is written. */
  readonly format: (share: number) => string;
}

export interface Axes {
  readonly rows: string;
  readonly columns: string;
}

const CELL = { width: 52, height: 26 };
const LEFT = 70;
const TOP = 58;
const GAP = 28;
const SCALE = 2;
const FONT = 'DejaVu Sans, sans-serif';

/** Grids of the same shape beside each other, `across` in a row. */
export function drawHeatMaps(grids: readonly Grid[], axes: Axes, across = 3): Buffer {
  const [first] = grids;
  if (!first) throw new RangeError('no grid to draw');
  const width = LEFT + first.columns.length * CELL.width + GAP;
  const height = TOP + first.rows.length * CELL.height + GAP + 14;
  const columns = Math.min(across, grids.length);
  const canvas = createCanvas(SCALE * columns * width, SCALE * Math.ceil(grids.length / columns) * height);
  const context = canvas.getContext('2d');
  context.scale(SCALE, SCALE);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, columns * width, Math.ceil(grids.length / columns) * height);
  for (const [index, grid] of grids.entries()) {
    context.save();
    context.translate((index % columns) * width, Math.floor(index / columns) * height);
    drawGrid(context, grid, axes);
    context.restore();
  }
  return canvas.toBuffer('image/png');
}

function drawGrid(context: SKRSContext2D, grid: Grid, axes: Axes): void {
  const write = (text: string, x: number, y: number, font: string, align: CanvasTextAlign) => {
    context.font = `${font} ${FONT}`;
    context.textAlign = align;
    context.fillText(text, x, y);
  };
  context.textBaseline = 'middle';
  context.fillStyle = '#222';
  write(grid.title, LEFT, 16, 'bold 13px', 'left');
  for (const [index, name] of grid.columns.entries())
    write(name, LEFT + (index + 0.5) * CELL.width, TOP - 12, '11px', 'center');
  for (const [index, name] of grid.rows.entries())
    write(name, LEFT - 8, TOP + (index + 0.5) * CELL.height, '11px', 'right');
  context.fillStyle = '#666';
  write(axes.columns, LEFT, 34, '10px', 'left');
  write(axes.rows, LEFT, TOP + grid.rows.length * CELL.height + 14, '10px', 'left');
  for (const [row, shares] of grid.cells.entries())
    for (const [column, share] of shares.entries()) {
      const [x, y] = [LEFT + column * CELL.width, TOP + row * CELL.height];
      context.fillStyle = share === null ? '#eee' : colourOf(share);
      context.fillRect(x, y, CELL.width - 1, CELL.height - 1);
      context.fillStyle = share !== null && share < 0.6 ? '#fff' : '#222';
      write(share === null ? '–' : grid.format(share), x + CELL.width / 2, y + CELL.height / 2, '11px', 'center');
    }
}

/** From dark red over yellow to light green; light enough at the top for dark text. */
function colourOf(share: number): string {
  const stops = [
    [110, 16, 40],
    [204, 76, 62],
    [246, 178, 92],
    [250, 232, 150],
    [152, 208, 132],
  ];
  const at = Math.min(0.9999, Math.max(0, share)) * (stops.length - 1);
  const [low = [], high = []] = stops.slice(Math.floor(at), Math.floor(at) + 2);
  const mixed = low.map((value, index) => Math.round(value + ((high[index] ?? value) - value) * (at % 1)));
  return `rgb(${mixed.join(', ')})`;
}
