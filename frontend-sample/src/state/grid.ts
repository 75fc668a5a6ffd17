// Where the pictures of a gallery lie: only those are drawn that are on the screen, however many there are.

/** In pixels of the page. */
export interface Grid {
  readonly count: number;
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

const NARROW = { cell: 100, gap: 4 };
const WIDE = { cell: 156, gap: 8 };
/** So many rows above and below are drawn too, so that none comes late. */
const BEYOND = 2;

/** `ratio` is a picture's width by its height. */
export function gridOf(width: number, count: number, ratio: number): Grid {
  const { cell, gap } = width < 560 ? NARROW : WIDE;
  const columns = Math.max(1, Math.floor((width + gap) / (cell + gap)));
  const each = Math.floor((width - gap * (columns - 1)) / columns);
  // A film that is very wide or very high has cells that a finger can still meet.
  const height = Math.round(each / Math.min(Math.max(ratio, 0.5), 2.4));
  return { count, columns, rows: Math.ceil(count / columns), width: each, height, gap };
}

export const heightOf = ({ rows, height, gap }: Grid): number => Math.max(0, rows * (height + gap) - gap);
export const topOf = ({ height, gap }: Grid, row: number): number => row * (height + gap);
export const rowOf = ({ columns }: Grid, place: number): number => Math.floor((place - 1) / columns);

/** The places of a row, from 1. */
export function placesOf({ columns, count }: Grid, row: number): number[] {
  const first = row * columns + 1;
  return Array.from({ length: Math.min(columns, count - first + 1) }, (_, index) => first + index);
}

/** The first and the last row to be drawn where so much of the grid is above the screen, which is so high. */
export function drawn(grid: Grid, above: number, screen: number): readonly [first: number, last: number] {
  const pitch = grid.height + grid.gap;
  const first = Math.floor(above / pitch) - BEYOND;
  const last = Math.floor((above + screen) / pitch) + BEYOND;
  return [Math.min(Math.max(first, 0), Math.max(grid.rows - 1, 0)), Math.min(Math.max(last, 0), grid.rows - 1)];
}

/** Where a key leads from a place; the same where it leads nowhere, null where it is none of ours. */
export function steppedBy(grid: Grid, place: number, key: string, whole: boolean, screenRows: number): number | null {
  const row = placesOf(grid, rowOf(grid, place));
  const steps: Record<string, number> = {
    ArrowLeft: place - 1,
    ArrowRight: place + 1,
    ArrowUp: place - grid.columns,
    ArrowDown: place + grid.columns,
    PageUp: place - grid.columns * screenRows,
    PageDown: place + grid.columns * screenRows,
    Home: whole ? 1 : row[0]!,
    End: whole ? grid.count : row.at(-1)!,
  };
  const to = steps[key];
  if (to === undefined) return null;
  const pages = key.startsWith("Page");
  return to < 1 || to > grid.count ? (pages ? Math.min(Math.max(to, 1), grid.count) : place) : to;
}
