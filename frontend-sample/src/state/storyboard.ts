// Small pictures of a film, many in one: which of them stands for which picture, and where it is cut out.

/** What the service tells of it. */
export interface Storyboard {
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly tiles: number;
  readonly sheets: readonly { readonly url: string; readonly first: number; readonly count: number }[];
}

/** A sheet that is here, in pixels. */
export interface Sheet {
  readonly url: string;
  readonly width: number;
  readonly height: number;
}

/** A tile, in its sheet. */
export interface Tile {
  readonly sheet: number;
  readonly column: number;
  readonly row: number;
}

export const sheetCame = (sheets: ReadonlyMap<number, Sheet>, number: number, sheet: Sheet): ReadonlyMap<number, Sheet> =>
  new Map([...sheets, [number, sheet]]);

/** The tile of a picture of so many, by its place from 1: its own, or the last one before it. Null where none is made, or not yet. */
export function tileOf({ tiles, columns, sheets }: Storyboard, place: number, count: number): Tile | null {
  if (tiles === 0) return null;
  // Tile k stands for the picture floor(k * count / tiles), both from 0.
  const number = Math.min(Math.ceil((place * tiles) / count) - 1, tiles - 1);
  const sheet = sheets.findIndex(({ first, count: size }) => first <= number && number < first + size);
  if (sheet < 0) return null;
  const within = number - sheets[sheet]!.first;
  return { sheet, column: within % columns, row: Math.floor(within / columns) };
}

/** Whether each picture has a tile of its own. */
export const isWhole = (board: Storyboard | null, count: number): boolean => board !== null && board.tiles >= count;
