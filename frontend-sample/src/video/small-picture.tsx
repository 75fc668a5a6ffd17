// A picture in small: its tile of the storyboard, and its own where no tile is its own.

import { useEffect } from "preact/hooks";
import { linked } from "../api/places.ts";
import type { Picture } from "../api/viewed.ts";
import { isWhole, type Sheet, type Storyboard, type Tile, tileOf } from "../state/storyboard.ts";
import { useView, useViewing } from "./view.ts";

interface SmallProps {
  place: number;
  count: number;
  board: Storyboard | null;
  /** Into so many pixels it is fitted. */
  width: number;
  height: number;
  /** What is known of it, where it may be fetched by itself. */
  picture: Picture | undefined;
}

export function SmallPicture({ place, count, board, width, height, picture }: SmallProps) {
  const { wantSheet, renew } = useView();
  const tile = board && tileOf(board, place, count);
  const sheet = useViewing(({ sheets }) => (tile ? sheets.get(tile.sheet) : undefined), tile?.sheet);
  const number = tile?.sheet;
  useEffect(() => {
    if (number !== undefined) wantSheet(number, board!.sheets[number]!.url);
  }, [number, board]);
  return (
    <>
      {tile && sheet && <span class="tile" style={cutOut(board!, tile, sheet, width, height)} />}
      {picture && !isWhole(board, count) && (
        <img src={linked(picture.url)} alt="" loading="lazy" decoding="async" onError={() => renew(place)} />
      )}
    </>
  );
}

/** The sheet as a background, so large and so far aside that the tile alone is seen. */
function cutOut({ tileWidth, tileHeight }: Storyboard, { column, row }: Tile, sheet: Sheet, width: number, height: number) {
  const scale = Math.min(width / tileWidth, height / tileHeight);
  return {
    width: `${tileWidth * scale}px`,
    height: `${tileHeight * scale}px`,
    backgroundImage: `url(${JSON.stringify(sheet.url)})`,
    backgroundSize: `${sheet.width * scale}px ${sheet.height * scale}px`,
    backgroundPosition: `${-column * tileWidth * scale}px ${-row * tileHeight * scale}px`,
  };
}
